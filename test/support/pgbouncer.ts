import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { serverAccount } from '../../src/scratch/account.ts';

/** Debian has it where only root looks. */
const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];

/** Where the program is; undefined when it is not installed. */
export function findPgBouncer(): string | undefined {
  return FOLDERS.map((folder) => join(folder, 'pgbouncer')).find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export interface PgBouncer {
  /** The URL that was given, by way of the pooler. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts the real PgBouncer in front of the URL's server, with the URL's user in its userlist. */
export async function startPgBouncer(url: string, settings: Readonly<Record<string, string>>): Promise<PgBouncer> {
  const program = findPgBouncer();
  if (program === undefined) throw new Error('pgbouncer is not installed: apt-get install pgbouncer');
  const { hostname, port: serverPort, username, password } = new URL(url);
  const directory = await mkdtemp(join(tmpdir(), 'tiptoe-pgbouncer-'));
  await chmod(directory, 0o755);
  const port = await freePort();
  const ini = {
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    unix_socket_dir: '',
    auth_type: 'plain',
    auth_file: join(directory, 'users'),
    ...settings,
  };
  const users = join(directory, 'users');
  const config = join(directory, 'pgbouncer.ini');
  await writeFile(users, `"${username}" "${password}"\n`);
  await writeFile(
    config,
    [
      '[databases]',
      `* = host=${hostname} port=${serverPort}`,
      '[pgbouncer]',
      ...Object.entries(ini).map(([name, value]) => `${name} = ${value}`),
    ].join('\n'),
  );
  const child = spawn(program, [config], { ...(await serverAccount()), stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  await new Promise<void>((resolve, reject) => {
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      if (log.includes('process up')) resolve();
    });
    child.on('error', reject).on('exit', () => reject(new Error(`pgbouncer ended: ${log}`)));
  });
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String(port);
  return {
    url: through.href,
    async stop() {
      child.kill('SIGKILL');
      await ended;
      await rm(directory, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
