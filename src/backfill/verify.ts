import type { ConnectionSettings } from '../db/connection.ts';
import { withSession } from '../db/session.ts';
import { accessProblem } from './access.ts';
import { withChain } from './chain.ts';
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
    const remaining = await countLeft(session, {
      job,
      stretches: await wholeWalk(session, job),
      keys: settings.maxBatchSize,
      mayGoOn: () => Promise.resolve(!stop.aborted),
    });
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

/** As people and scripts read it: `proved`, `left: N` or `cannot tell: REASON`. */
export function describeRemaining(remaining: Remaining): string {
  if (remaining.kind === 'cannot-tell') return `cannot tell: ${remaining.reason}`;
  return remaining.kind === 'left' ? `left: ${remaining.rows}` : 'proved';
}
