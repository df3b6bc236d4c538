import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

/** The built program; `npm test` builds it first. */
const TIPTOE = fileURLToPath(new URL('../../bin/tiptoe.js', import.meta.url));

export interface TiptoeOptions {
  /** Added to the environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** What it reads from standard input. */
  readonly input?: string;
  /** Aborting it kills the program. */
  readonly signal?: AbortSignal;
}

export interface TiptoeResult {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningTiptoe {
  readonly pid: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  kill(signal?: NodeJS.Signals): void;
  /** Waits until standard output or standard error matches; rejects when the program ends before that. */
  waitForOutput(pattern: RegExp): Promise<RegExpExecArray>;
  /** Waits until it ends. */
  finished(): Promise<TiptoeResult>;
}

/** Runs the program to its end. */
export function runTiptoe(args: readonly string[], options: TiptoeOptions = {}): Promise<TiptoeResult> {
  return startTiptoe(args, options).finished();
}

/** Starts the program and leaves it running. */
export function startTiptoe(args: readonly string[], options: TiptoeOptions = {}): RunningTiptoe {
  const child = spawn(process.execPath, [TIPTOE, ...args], {
    env: environment(options.env),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { signal: options.signal, killSignal: 'SIGKILL' as const }),
  });
  return watch(child, options.input ?? '');
}

/** Runs the program on a terminal of its own, and types an answer when it asks; all that is shown there is its standard output. */
export async function runOnTerminal(
  args: readonly string[],
  answer: string,
  options: Pick<TiptoeOptions, 'env' | 'cwd'> & { readonly asks?: RegExp },
): Promise<TiptoeResult> {
  const quoted = [process.execPath, TIPTOE, ...args].map((arg) => `'${arg.replaceAll("'", `'\\''`)}'`);
  // From util-linux; other systems have another `script`.
  const child = spawn('script', ['-qec', quoted.join(' '), '/dev/null'], {
    env: environment(options.env),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const running = watch(child);
  await running.waitForOutput(options.asks ?? /\[y\/N\] /);
  child.stdin.write(answer);
  const result = await running.finished();
  return { ...result, stdout: stripVTControlCharacters(result.stdout) };
}

function watch(child: ChildProcessWithoutNullStreams, input?: string): RunningTiptoe {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // An aborted signal and a program that does not read its input are told by the result.
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  if (input !== undefined) child.stdin.end(input);
  const ended = once(child, 'close') as Promise<[number | null]>;

  return {
    pid: child.pid,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    kill(signal = 'SIGTERM') {
      child.kill(signal);
    },
    async waitForOutput(pattern) {
      for (;;) {
        const match = pattern.exec(stdout) ?? pattern.exec(stderr);
        if (match) return match;
        if (child.stdout.closed && child.stderr.closed) {
          throw new Error(`tiptoe ended before its output matched ${pattern}:\n${stdout}${stderr}`);
        }
        await nextOutput(child);
      }
    },
    async finished() {
      const [code] = await ended;
      return { code, stdout, stderr };
    },
  };
}

async function nextOutput(child: ChildProcessWithoutNullStreams): Promise<void> {
  const done = new AbortController();
  const { signal } = done;
  try {
    await Promise.race([
      once(child.stdout, 'data', { signal }),
      once(child.stderr, 'data', { signal }),
      once(child, 'close', { signal }),
    ]);
  } finally {
    done.abort();
  }
}

/** The caller's own database and colours must not reach the program. */
function environment(extra: TiptoeOptions['env'] = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(PG|DATABASE_URL$|FORCE_COLOR$|NO_COLOR$|NODE_OPTIONS$|CI$|GITHUB_|VITEST)/.test(name),
  );
  const all = Object.entries({ ...Object.fromEntries(own), ...extra });
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}
