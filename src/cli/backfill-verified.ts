import type { Remaining } from '../backfill/remaining.ts';
import { describeRemaining } from '../backfill/verify.ts';
import { counted } from '../terminal/backfill-progress.ts';

/** The answer of `backfill verify` for people: with what the checkpoints prove where the rows cannot tell. */
export function describeVerified(remaining: Remaining): string {
  const answer = describeRemaining(remaining);
  const chain = remaining.kind === 'cannot-tell' ? remaining.chain : undefined;
  if (chain === undefined) return answer;
  if (chain.kind === 'broken') return `${answer}; not proved by the checkpoints either: ${chain.reason}`;
  const { checkpoints, rows } = chain;
  const links = counted(checkpoints, 'checkpoint');
  return `${answer}; proved by the chain of ${links} with ${counted(rows, 'row')}, from the first key to the last, unbroken`;
}

/** For programs: the answer alone, and the chain as data. */
export function publishVerified(remaining: Remaining): Record<string, unknown> {
  const verified = describeRemaining(remaining);
  if (remaining.kind !== 'cannot-tell' || remaining.chain === undefined) return { verified };
  const { kind, ...chain } = remaining.chain;
  return { verified, chain: { unbroken: kind === 'unbroken', ...chain } };
}
