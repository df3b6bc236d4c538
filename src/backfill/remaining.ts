import { isSqlFailure, sqlstate } from '../db/errors.ts';
import type { Session } from '../db/session.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import type { BatchStatement } from '../sql/batch-statement.ts';
import { remainingQuery } from '../sql/remaining.ts';
import {
  type Bounds,
  type Key,
  type KeyRange,
  rangeCondition,
  rangeValues,
  lastStepSql,
  stepSql,
  stepValues,
  type Walk,
} from './batches.ts';
import type { Chain } from './chain.ts';
import { findPlaces, isCtid } from './ctid.ts';
import { isOfRows, isOfSize } from './failure.ts';

/** What a walk over all keys says about the end. */
export type Remaining = Proved | Left | CannotTell;

interface Proved {
  readonly kind: 'proved';
}

interface Left {
  readonly kind: 'left';
  readonly rows: number;
}

interface CannotTell {
  readonly kind: 'cannot-tell';
  readonly reason: string;
  /** Where the statement is why. */
  readonly chain?: Chain;
}

/** Of some keys: `after` is the last one before the first row that is left. */
type RemainingWithin = Proved | (Left & { readonly after: Key | null }) | CannotTell;

type Table = Walk & { readonly oid: string };

export interface VerifyRequest {
  readonly statement: BatchStatement;
  readonly target: Table;
  readonly within: Bounds;
  /** Keys in a range. */
  readonly keys: number;
  /** Asked before each range; null is returned once it answers false. */
  readonly mayGoOn: () => Promise<boolean>;
}

/** Whether nothing is left, found at once where that takes no longer than a batch may take; only reads. */
export async function provedAtOnce(session: Session, request: Pick<VerifyRequest, 'statement' | 'target'>) {
  const { statement } = request;
  return statement.progress.kind === 'tells' && noneLeft(session, statement, await canCompare(session, request));
}

/**
 * Counts the rows that the statement would still change; it only reads. By the same walk, so that no long snapshot keeps dead rows
 * from being cleaned up.
 */
export async function countRemaining(session: Session, request: VerifyRequest): Promise<RemainingWithin | null> {
  const { statement, target, within, mayGoOn } = request;
  if (statement.progress.kind === 'cannot-tell') return statement.progress;
  let { keys } = request;
  const exact = await canCompare(session, request);
  let rows = 0;
  let firstAfter: Key | null = null;
  let { after } = within;
  while (await mayGoOn()) {
    const range = await findRange(session, target, { ...within, after }, keys);
    if (range === null) return rows === 0 ? { kind: 'proved' } : { kind: 'left', rows, after: firstAfter };
    const found = await count(session, request, range, exact).catch((error: unknown) => {
      if (range.keys <= 1 || !isOfSize(error)) throw error;
      return null;
    });
    if (found === null) {
      keys = Math.max(1, Math.floor(range.keys / 4));
      continue;
    }
    if (rows === 0 && found > 0) firstAfter = after;
    rows += found;
    after = range.upTo;
  }
  return null;
}

/** The next range of keys, and how many are in it; null when none is left. */
export async function findRange(
  session: Session,
  target: Table,
  within: Bounds,
  keys: number,
): Promise<(KeyRange & { readonly keys: number }) | null> {
  if (isCtid(target.key)) return findPlaces(session, target, within, keys);
  const values = stepValues(keys, within);
  const [full] = await session.query<Record<string, string>>(stepSql(target, within), values);
  if (full !== undefined) return { after: within.after, upTo: keyOf(target, full), keys };
  const [last] = await session.query<{ keys: number } & Record<string, string>>(lastStepSql(target, within), values);
  return last === undefined ? null : { after: within.after, upTo: keyOf(target, last), keys: last.keys };
}

function keyOf({ key }: Walk, row: Readonly<Record<string, string>>): Key {
  return key.map((_, index) => row[`k${index + 1}`] ?? '');
}

/** False also where the count takes too long. */
async function noneLeft(session: Session, statement: BatchStatement, exact: boolean): Promise<boolean> {
  try {
    const [row] = await session.query<{ count: string }>(remainingQuery(statement, 'true', exact) ?? '');
    return row?.count === '0';
  } catch (error) {
    if (sqlstate(error) === SQLSTATE.query_canceled || isOfRows(error)) return false;
    throw error;
  }
}

async function count(
  session: Session,
  { statement, target }: Pick<VerifyRequest, 'statement' | 'target'>,
  range: KeyRange,
  exact: boolean,
): Promise<number> {
  const sql = remainingQuery(statement, rangeCondition(statement.reference, target.key, range), exact);
  if (sql === null) throw new Error('counting what is left of a statement that cannot tell');
  try {
    const [row] = await session.query<{ count: string }>(sql, rangeValues(range));
    return Number(row?.count ?? 0);
  } catch (error) {
    // A row whose new value cannot be made is not done, whatever that value would be.
    if (!exact || !isOfRows(error)) throw error;
    return count(session, { statement, target }, range, false);
  }
}

/** Types without an equality operator, json above all, have no IS DISTINCT FROM. */
async function canCompare(
  session: Session,
  { statement, target }: Pick<VerifyRequest, 'statement' | 'target'>,
): Promise<boolean> {
  const sql = remainingQuery(statement, rangeCondition(statement.reference, target.key, { after: null }), true);
  try {
    await session.query(
      `EXPLAIN ${sql ?? ''}`,
      target.key.map(() => null),
    );
    return true;
  } catch (error) {
    if (isSqlFailure(error) && sqlstate(error) === SQLSTATE.undefined_function) return false;
    throw error;
  }
}
