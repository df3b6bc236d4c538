import { sqlstate } from '../db/errors.ts';
import { applySettings, type Session } from '../db/session.ts';
import { quoteIdent } from '../postgres/quote.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import { anyRowQuery } from '../sql/remaining.ts';
import { currentSettings, type Job, prepareJob, registrationOf, settleSpec } from './job.ts';
import type { State } from './machine.ts';
import type { BackfillSpec } from './spec.ts';
import { openStore } from './store.ts';

/** The state that the database has for a backfill; null when it was never registered. */
export async function backfillState(session: Session, schema: string, name: string): Promise<State | null> {
  const store = openStore(schema);
  if (!(await store.exists(session))) return null;
  return (await store.load(session, name))?.state ?? null;
}

/** So long a row to work on is looked for; where none is found in that time, there may be one. */
const LOOK = { statement_timeout: '3s', lock_timeout: '1s' };

/**
 * Makes a backfill known in the database, so that it can be run from anywhere. One whose table has no row to work on has succeeded
 * at once. Throws a Problem for everything that would keep it from running. The session's search path is the statement's.
 */
export async function registerBackfill(
  session: Session,
  schema: string,
  spec: BackfillSpec,
): Promise<{ state: State; hasWork: boolean }> {
  const store = openStore(schema);
  await store.ensure(session);
  await applySettings(session, LOOK);
  const settled = await settleSpec(session, store, spec);
  const { state } = settled.stored ?? {};
  if (state !== undefined && state !== 'pending') return { state, hasWork: state !== 'succeeded' };

  const job = await prepareJob(session, settled.spec);
  const settings = currentSettings(settled.spec, settled.stored, {});
  await store.register(session, registrationOf(job, settled.spec, settings), 'not-held');
  if (await hasWork(session, job)) return { state: 'pending', hasWork: true };
  await store.write(session, spec.name, {
    state: 'succeeded',
    rowsTotal: { rows: 0, exact: true },
    started: true,
    finished: true,
  });
  return { state: 'succeeded', hasWork: false };
}

async function hasWork(session: Session, { statement, target }: Job): Promise<boolean> {
  const { table, only } = target;
  const from = `${only ? 'ONLY ' : ''}${quoteIdent(table.schema)}.${quoteIdent(table.name)}`;
  // An INSERT leaves no mark on the rows that it has read: any row is work.
  const query = anyRowQuery(statement) ?? `SELECT EXISTS (SELECT FROM ${from}) AS found`;
  try {
    const [row] = await session.query<{ found: boolean }>(query);
    return row?.found === true;
  } catch (error) {
    const state = sqlstate(error);
    if (state === SQLSTATE.query_canceled || state === SQLSTATE.lock_not_available) return true;
    throw error;
  }
}
