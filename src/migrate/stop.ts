import { isSqlFailure } from '../db/errors.ts';
import { maskSecrets } from '../postgres/secrets.ts';
import type { Problem } from '../problem.ts';
import type { ApplyResult, Reason, StatementFailure } from './result.ts';

/** How a run ended before its end. */
export interface Stop extends Omit<ApplyResult, 'files'> {
  readonly kind: 'stop';
}

const OUTCOMES: Readonly<Record<Reason, readonly [ApplyResult['outcome'], ApplyResult['exitCode']]>> = {
  'another-runner': ['gave-up', 3],
  'backfill-first': ['gave-up', 3],
  cancelled: ['gave-up', 3],
  'connection-lost': ['gave-up', 3],
  interrupted: ['gave-up', 3],
  'lease-lost': ['gave-up', 3],
  'lock-not-had': ['gave-up', 3],
  'standby-missing': ['gave-up', 3],
  'outside-window': ['gave-up', 3],
  'replicas-behind': ['gave-up', 3],
  'waited-too-long': ['gave-up', 3],
  'backfill-failed': ['failed', 1],
  cap: ['failed', 1],
  'statement-failed': ['failed', 1],
  'missing-privilege': ['failed', 2],
  problem: ['failed', 2],
  'unknown-outcome': ['failed', 1],
  'bad-cap': ['refused', 1],
  edited: ['refused', 1],
  'file-gone': ['refused', 1],
  'lint-gate': ['refused', 1],
  'hook-failed': ['refused', 1],
  'not-plain-sql': ['refused', 1],
  'out-of-order': ['refused', 1],
  requirement: ['refused', 1],
  'syntax-error': ['refused', 1],
  'transaction-control': ['refused', 1],
};

export function stop(
  reason: Reason,
  message: string,
  advice: string | null,
  more: Partial<Pick<ApplyResult, 'blockers' | 'findings'>> & { readonly failure?: StatementFailure } = {},
): Stop {
  const [outcome, exitCode] = OUTCOMES[reason];
  return {
    kind: 'stop',
    outcome,
    exitCode,
    reason,
    message,
    advice,
    failure: more.failure ?? null,
    blockers: more.blockers ?? [],
    findings: more.findings ?? [],
  };
}

/** A problem of the environment that came up on the way. */
export function stopFor({ message, advice, exitCode }: Problem): Stop {
  return { ...stop('problem', message, advice ?? null), ...(exitCode === 3 ? { outcome: 'gave-up' } : {}), exitCode };
}

/** The server has run out of something, as of disk space, while tiptoe did its own work; null for other errors. */
export function stopForShortage(error: unknown): Stop | null {
  if (!isSqlFailure(error) || !SHORTAGE.test(error.sqlstate)) return null;
  const message = `The server could not go on: ${maskSecrets(error.message)}.`;
  return stop(
    'problem',
    message,
    'Make room for it, and run again to continue; the ledger on the server knows what stands.',
  );
}

/** Insufficient resources, and errors of the system below. */
const SHORTAGE = /^(?:53|58)/;
