import { spawn, type ChildProcess } from 'node:child_process';
import { roughDuration } from '../duration.ts';
import { maskSecrets } from '../postgres/secrets.ts';

/** How a hook ended. */
export type HookOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'interrupted' }
  /** In words, to follow "the hook". */
  | { readonly kind: 'failed'; readonly how: string };

export interface HookRun {
  readonly command: string;
  /** Told to the hook as `TIPTOE_…`, besides our own environment. */
  readonly facts: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Aborted, it ends the hook. */
  readonly signal: AbortSignal;
}

/** Who does not heed SIGTERM is killed after this time. */
const LEAVE_MS = 2_000;

/** Runs a command in the shell, its output on our standard error. One that has to be ended takes along what it has started. */
export async function runHook({ command, facts, timeoutMs, signal }: HookRun): Promise<HookOutcome> {
  if (signal.aborted) return { kind: 'interrupted' };
  const env = Object.fromEntries(Object.entries(facts).map(([name, value]) => [`TIPTOE_${name}`, maskSecrets(value)]));
  // A process group of its own, so that what the shell has started can be ended with it.
  const child = spawn(command, {
    shell: true,
    stdio: ['ignore', process.stderr, process.stderr],
    env: { ...process.env, ...env },
    detached: GROUPS,
  });
  let timedOut = false;
  let killing: NodeJS.Timeout | undefined;
  const leave = () => {
    end(child, 'SIGTERM');
    killing ??= setTimeout(() => end(child, 'SIGKILL'), LEAVE_MS);
  };
  const onExit = () => end(child, 'SIGKILL');
  const timer = setTimeout(() => {
    timedOut = true;
    leave();
  }, timeoutMs);
  signal.addEventListener('abort', leave);
  process.on('exit', onExit);
  try {
    const { code, killedBy } = await ended(child);
    if (signal.aborted) return { kind: 'interrupted' };
    if (timedOut) return { kind: 'failed', how: `did not end within ${roughDuration(timeoutMs)} (--hook-timeout)` };
    if (code === 0) return { kind: 'done' };
    return { kind: 'failed', how: killedBy === null ? `ended with exit code ${code}` : `was ended by ${killedBy}` };
  } catch (error) {
    return { kind: 'failed', how: `could not be started: ${error instanceof Error ? error.message : String(error)}` };
  } finally {
    clearTimeout(timer);
    clearTimeout(killing);
    signal.removeEventListener('abort', leave);
    process.off('exit', onExit);
    if (timedOut || signal.aborted) end(child, 'SIGKILL');
  }
}

function ended(child: ChildProcess): Promise<{ code: number | null; killedBy: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, killedBy) => resolve({ code, killedBy }));
  });
}

const GROUPS = process.platform !== 'win32';

function end(child: ChildProcess, how: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (GROUPS) process.kill(-child.pid, how);
    else child.kill(how);
  } catch {
    // It has gone already.
  }
}
