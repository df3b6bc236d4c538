import type { Hindrance } from '../migrate/apply.ts';
import type { ApplyResult } from '../migrate/result.ts';
import { runHook } from './hooks.ts';

export interface HookSettings {
  readonly before?: string;
  readonly after?: string;
  readonly hookTimeout: number;
}

export interface ApplyHooks {
  /** Before the first migration of a run; why nothing may be begun, or null. */
  before(pending: readonly string[]): Promise<Hindrance | null>;
  /** After the run, whatever became of it, if it came as far as `before`; what is wrong with the hook itself, or null. */
  after(result: Ending): Promise<string | null>;
}

type Ending = Pick<ApplyResult, 'outcome' | 'reason' | 'message' | 'exitCode' | 'files'>;

/** The commands around a run. They are told what is known by then, and no password. */
export function applyHooks(
  { before, after, hookTimeout: timeoutMs }: HookSettings,
  database: string,
  signal: AbortSignal,
): ApplyHooks {
  let pending: readonly string[] | null = null;
  const known = () => ({ DATABASE: database, PENDING: String(pending?.length ?? 0) });
  return {
    async before(files) {
      pending = files;
      if (before === undefined) return null;
      const facts = { HOOK: 'before', ...known(), FILE: files[0] ?? '' };
      const outcome = await runHook({ command: before, facts, timeoutMs, signal });
      if (outcome.kind === 'done') return null;
      return {
        message: `The hook before the run ${outcome.kind === 'failed' ? outcome.how : 'was interrupted'}; nothing was begun.`,
        advice: `Look what it says, and run again: ${before}`,
      };
    },
    async after({ outcome, reason, message, exitCode, files }) {
      if (after === undefined || pending === null) return null;
      const done = files.filter((file) => file.outcome === 'done').length;
      const stoppedAt = files.find((file) => file.outcome !== 'done');
      const facts = {
        HOOK: 'after',
        ...known(),
        APPLIED: String(done),
        OUTCOME: outcome,
        REASON: reason ?? '',
        MESSAGE: message ?? '',
        EXIT_CODE: String(exitCode),
        FILE: stoppedAt?.path ?? '',
      };
      // After Ctrl-C it still has to be told; the next one leaves at once.
      const until = signal.aborted ? new AbortController().signal : signal;
      const ended = await runHook({ command: after, facts, timeoutMs, signal: until });
      if (ended.kind === 'done') return null;
      return `The hook after the run ${ended.kind === 'failed' ? ended.how : 'was interrupted'}: ${after}`;
    },
  };
}
