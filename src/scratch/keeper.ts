import { fork } from 'node:child_process';
import type { Account } from './account.ts';
import { SERVER_ENV } from './account.ts';

/**
 * A small process of its own session that runs the server's programs for us, one after the other. When the
 * channel to us closes, because we asked for it or because we were killed, it stops the server and removes
 * the directory. One thread does both, so it can never clean up in the middle of a start.
 */
export interface Keeper {
  /** Runs a program as the server's account, its output appended to the log; resolves to its exit code. */
  run(file: string, args: readonly string[]): Promise<number>;
  /** Stops the server, removes the directory and waits until both are gone. */
  stop(): Promise<void>;
}

export interface KeeperPlan {
  /** Removed at the end, with everything in it. */
  readonly directory: string;
  readonly log: string;
  readonly pgCtl: string;
  readonly dataDir: string;
  readonly account: Account | undefined;
}

/** Plain JavaScript: it runs by `node -e`, from the sources and from the build alike. */
const PROGRAM = /* js */ `
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const { directory, log, pgCtl, dataDir, account, env } = JSON.parse(process.argv[1]);

function run(file, args) {
  const output = fs.openSync(log, 'a');
  const stdio = ['ignore', output, output];
  const { status, error } = spawnSync(file, args, { ...account, env, cwd: directory, stdio, windowsHide: true });
  if (error) fs.writeSync(output, String(error) + '\\n');
  fs.closeSync(output);
  return status ?? -1;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
process.on('message', ({ file, args }) => {
  const code = run(file, args);
  if (process.connected) process.send(code, () => {});
});
process.on('disconnect', () => {
  if (fs.existsSync(dataDir + '/postmaster.pid')) {
    const stop = ['stop', '-w', '-D', dataDir];
    if (run(pgCtl, [...stop, '-m', 'fast', '-t', '10']) !== 0) run(pgCtl, [...stop, '-m', 'immediate', '-t', '10']);
  }
  fs.rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  process.exit(0);
});
`;

export function startKeeper(plan: KeeperPlan): Keeper {
  // fork() because it knows the path of node; the "module" is the program's one argument.
  const child = fork(JSON.stringify({ ...plan, env: SERVER_ENV }), [], {
    execArgv: ['-e', PROGRAM],
    env: {},
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const gone = new Promise<void>((resolve) => {
    child.on('exit', () => resolve()).on('error', () => resolve());
  });
  // A forgotten server must not keep our process alive: once we end, the keeper cleans up.
  child.unref();
  child.channel?.unref();

  return {
    async run(file, args) {
      child.channel?.ref();
      try {
        const answer = new Promise<number>((resolve) => {
          child.once('message', (code) => resolve(Number(code)));
        });
        child.send({ file, args });
        return await Promise.race([answer, gone.then(() => -1)]);
      } finally {
        child.channel?.unref();
      }
    },
    async stop() {
      child.ref();
      if (child.connected) child.disconnect();
      await gone;
    },
  };
}
