import { formatDuration, roughDuration } from '../duration.ts';
import { quoteLiteral } from '../postgres/quote.ts';
import type { Blocker } from '../safety/blockers.ts';
import type { Limits } from '../safety/limits.ts';
import type { InLine } from '../safety/lock.ts';

/** Said at once of a blocker that waiting does not move. */
export function whoStays(blocker: Blocker, { giveUpAfterMs }: Pick<Limits, 'giveUpAfterMs'>): string {
  const meanwhile = `tiptoe stays out of the queue, and looks again for up to ${roughDuration(giveUpAfterMs)}`;
  const { lock, relation, transactionAgeMs, user } = blocker;
  const claim = `has ${lock} on ${relation}`;
  switch (blocker.kind) {
    case 'prepared-transaction': {
      const since = transactionAgeMs === null ? '' : `, prepared ${roughDuration(transactionAgeMs)} ago`;
      const by = user === null ? '' : ` of ${user}`;
      return `the prepared transaction ${blocker.query ?? '?'}${by}${since}, ${claim} and leaves only when someone ends it: ${endIt(blocker)}; ${meanwhile}`;
    }
    case 'wraparound-vacuum':
      return `an autovacuum that prevents transaction ID wraparound (pid ${blocker.pid}) ${claim}; it does not yield, and should not be ended; ${meanwhile}`;
    case 'autovacuum':
      return `an autovacuum (pid ${blocker.pid}) ${claim} and did not leave; ${meanwhile}`;
    case 'session':
      return `pid ${blocker.pid} ${claim}; ${meanwhile}`;
  }
}

/** What to do when the locks could not be had. */
export function adviceFor(
  { medianAgeMs, enoughStallMs, blockers }: Extract<InLine<unknown>, { readonly kind: 'gave-up' }>,
  { maxStallMs }: Pick<Limits, 'maxStallMs'>,
): string {
  if (enoughStallMs !== null && enoughStallMs > maxStallMs) {
    const seen = medianAgeMs === null ? '' : ` (half of the time the oldest is past ${roughDuration(medianAgeMs)})`;
    return `Transactions there overlap and last too long for ${roughDuration(maxStallMs)} in line${seen}; --max-stall ${formatDuration(enoughStallMs)} would do.`;
  }
  const prepared = blockers.filter(({ kind }) => kind === 'prepared-transaction');
  if (prepared.length > 0) {
    const ways = prepared.slice(0, 3).map(endIt).join('; ');
    return `A prepared transaction leaves only when someone ends it: ${ways}; then run again.`;
  }
  if (blockers.some(({ kind }) => kind === 'wraparound-vacuum'))
    return 'Run again when the autovacuum is done: it prevents transaction ID wraparound, so let it finish; or give it longer with --give-up-after 1h.';
  return 'Run again when those in the way are gone, or give it longer with --give-up-after 1h.';
}

function endIt({ query }: Blocker): string {
  const name = quoteLiteral(query ?? '');
  return `COMMIT PREPARED ${name} or ROLLBACK PREPARED ${name}`;
}
