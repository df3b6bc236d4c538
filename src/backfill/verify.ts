import type { ConnectionSettings } from '../db/connection.ts';
import { isSqlFailure } from '../db/errors.ts';
import { withSession } from '../db/session.ts';
import { Problem } from '../problem.ts';
import { accessProblem } from './access.ts';
import { withChain } from './chain.ts';
import { describeFailure, isHopeless, isOutage } from './failure.ts';
import { batchSession } from './link.ts';
import { readStatement } from './spec.ts';
import { countSkipped } from './skipped.ts';
import { loadBackfill } from './status.ts';
import { readFunctions, resolveTarget } from './target.ts';
import { countLeft, wholeWalk } from './left.ts';
import type { Remaining } from './remaining.ts';
import { readUpkeep, rowsInsertedSince, type Upkeep } from './upkeep.ts';

export interface Verified {
  readonly remaining: Remaining;
  /** Keys that are left out because of errors. */
  readonly keysSkipped: number;
  readonly upkeep: Upkeep | null;
  /** Rows that came into the walked table since it began, where its WHERE cannot tell whether they are done; null otherwise, or unknown. */
  readonly cameMeanwhile: number | null;
}

/**
 * Counts what the statement of a backfill would still change, done or not; needs `loadParser()`. Only reads. Null when `stop` was
 * aborted.
 */
export async function verifyBackfill(
  connection: ConnectionSettings,
  schema: string,
  name: string,
  stop: AbortSignal,
): Promise<Verified | null> {
  const options = { applicationName: `tiptoe backfill verify ${name}` };
  return withSession(connection, options, async (session) => {
    const stored = await loadBackfill(session, schema, name);
    const { statement: text, keyColumns, settings } = stored;
    await batchSession(session, settings);
    const statement = await readFunctions(session, readStatement(text, `Backfill ${name}`).statement);
    const target = await resolveTarget(session, statement, keyColumns);
    const job = { statement, target };
    const stretches = await wholeWalk(session, job);
    const mayGoOn = (): Promise<boolean> => Promise.resolve(!stop.aborted);
    const remaining = await countLeft(session, { job, stretches, keys: settings.maxBatchSize, mayGoOn }).catch(
      (error: unknown) => {
        throw countProblem(error, name);
      },
    );
    if (remaining === null) return null;
    return {
      remaining: await withChain(session, { job, schema, name }, remaining),
      keysSkipped: await countSkipped(session, schema, name),
      upkeep: await readUpkeep(session, schema, stored),
      cameMeanwhile: statement.progress.kind === 'tells' ? null : await rowsInsertedSince(session, schema, stored),
    };
  }).catch((error: unknown) => {
    throw accessProblem(error, connection, schema);
  });
}

/** A Problem (exit 1, or 2 where only another role or table would do) for a count that failed; nothing is known then. */
function countProblem(error: unknown, name: string): unknown {
  if (!isSqlFailure(error) || isOutage(error)) return error;
  return new Problem(`Counting what ${name} would still change failed: ${describeFailure(error)}`, {
    exitCode: isHopeless(error) ? 2 : 1,
    advice: 'Nothing is known of what is left; count again once that is mended.',
    cause: error,
  });
}

/** As people and scripts read it: `proved`, `left: N` or `cannot tell: REASON`. */
export function describeRemaining(remaining: Remaining): string {
  if (remaining.kind === 'cannot-tell') return `cannot tell: ${remaining.reason}`;
  return remaining.kind === 'left' ? `left: ${remaining.rows}` : 'proved';
}
