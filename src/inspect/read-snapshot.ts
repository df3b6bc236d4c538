import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration } from '../duration.ts';
import { describe } from '../db/connection.ts';
import { isSqlFailure } from '../db/errors.ts';
import { readServer } from '../db/server.ts';
import type { Session } from '../db/session.ts';
import { withTransaction } from '../db/transaction.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import { Problem } from '../problem.ts';
import { splitIdentifiers } from '../sql/identifiers.ts';
import { readDefinitions } from './definitions.ts';
import { SNAPSHOT_VERSION, type Snapshot, type SnapshotTable } from '../lint/snapshot.ts';
import { type CountedTable, readCountedTables } from './table-counts.ts';

export interface ReadingOptions {
  /** What one query may take. */
  readonly statementTimeoutMs: number;
  /** How long to watch the writes of now, beside the average; 0 for not at all. */
  readonly sampleMs: number;
}

/**
 * Reads what the linter wants to know of a server, from the catalogs and the statistics views alone, in transactions that can write nothing
 * and leave nothing behind in the session.
 */
export async function readSnapshot(
  session: Session,
  { statementTimeoutMs, sampleMs }: ReadingOptions,
): Promise<Snapshot> {
  const begin = (isolation: string): string =>
    `BEGIN ISOLATION LEVEL ${isolation} READ ONLY; SET LOCAL search_path = pg_catalog;
     SET LOCAL statement_timeout = ${Math.round(statementTimeoutMs)}; SET LOCAL lock_timeout = '2s'`;
  const { isStandby, version } = await readServer(session);
  // Once the search path is ours, the session's own cannot be asked any more.
  const own = await withTransaction(session, () => readOwn(session), 'BEGIN READ ONLY');
  const definitions = await withTransaction(
    session,
    () => readDefinitions(session, version),
    begin('REPEATABLE READ'),
  ).catch((error: unknown) => {
    throw schemaProblem(error, session, statementTimeoutMs);
  });
  const read = (): Promise<Counted> => readCounted(session, () => begin('READ COMMITTED'));
  const counted = await read();
  const sampled = sampleMs > 0 ? await sleep(sampleMs).then(read) : null;
  const noWrites = isStandby
    ? 'how much is written: a standby does not count what it replays; ask its primary'
    : own.counts
      ? null
      : 'how much is written: track_counts is off on this server';
  const rates = noWrites === null ? writeRates(counted, sampled) : null;
  return {
    format: 'tiptoe-facts',
    version: SNAPSHOT_VERSION,
    takenAt: counted.at,
    pgVersion: version,
    writesSince: rates === null ? null : counted.since,
    unseen: [
      ...hiddenSchemas(own),
      ...counted.unseen,
      ...(noWrites === null ? [] : [noWrites]),
      ...(noWrites === null && rates === null && counted.unseen.length === 0
        ? ['how much is written: the server does not say since when it counts']
        : []),
    ],
    schema: { searchPath: own.schemas, timeZone: own.timeZone, definitions },
    tables: counted.tables.map((table) => snapshotTable(table, rates?.get(table.table) ?? null)),
  };
}

interface Own {
  readonly schemas: readonly string[];
  /** Schemas that the search path names and that this role may not use. */
  readonly hidden: readonly string[];
  readonly timeZone: string;
  readonly user: string;
  /** Whether the server counts what is written. */
  readonly counts: boolean;
}

async function readOwn(session: Session): Promise<Own> {
  const [own] = await session.query<{ schemas: string; path: string; timeZone: string; user: string; counts: boolean }>(
    `SELECT pg_catalog.array_to_json(pg_catalog.current_schemas(false))::pg_catalog.text AS schemas,
            pg_catalog.current_setting('search_path') AS path, pg_catalog.current_setting('TimeZone') AS "timeZone",
            current_user AS "user", pg_catalog.current_setting('track_counts')::pg_catalog.bool AS counts`,
  );
  if (own === undefined) throw new Error('the server did not say what its session is');
  const hidden = await session.query<{ name: string }>(
    `SELECT n.nspname AS name FROM pg_catalog.pg_namespace n
      WHERE n.nspname = ANY ($1::pg_catalog.text[]) AND NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE') ORDER BY 1`,
    [splitIdentifiers(own.path, ',') ?? []],
  );
  return {
    ...own,
    schemas: JSON.parse(own.schemas) as string[],
    hidden: hidden.map(({ name }) => name),
  };
}

function hiddenSchemas({ hidden, user }: Own): string[] {
  return hidden.map(
    (schema) => `names without a schema that mean one in ${schema}: the role ${user} has no USAGE on that schema`,
  );
}

interface Counted extends Awaited<ReturnType<typeof readCountedTables>> {
  readonly unseen: readonly string[];
}

const SIZES_ESTIMATED = 'the sizes of now: those of the last VACUUM or ANALYZE are taken';

/** What may be asked for, from most to least, and what is then not known. */
const ATTEMPTS = [
  { sizes: true, writes: true, unseen: [] },
  { sizes: false, writes: true, unseen: [SIZES_ESTIMATED] },
  { sizes: true, writes: false, unseen: ['how much is written'] },
  { sizes: false, writes: false, unseen: [SIZES_ESTIMATED, 'how much is written'] },
] as const;

/** A server may keep its statistics from a role, and someone may hold a table under a lock that keeps readers out. */
async function readCounted(session: Session, begin: () => string): Promise<Counted> {
  let refusal: unknown;
  for (const { unseen, ...what } of ATTEMPTS) {
    try {
      const counted = await withTransaction(session, () => readCountedTables(session, what), begin());
      const why = isSqlFailure(refusal) ? ` (${refusal.message})` : '';
      return { ...counted, unseen: unseen.map((text) => `${text}${why}`) };
    } catch (error) {
      if (!isSqlFailure(error) || !GIVES_WAY.has(error.sqlstate)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

const GIVES_WAY: ReadonlySet<string> = new Set([
  SQLSTATE.insufficient_privilege,
  SQLSTATE.lock_not_available,
  SQLSTATE.query_canceled,
]);

/** Writes a second by table: the average since counting began, or what was seen now, whichever is more. */
function writeRates(first: Counted, second: Counted | null): ReadonlyMap<string, number> | null {
  const average = new Map<string, number>();
  if (first.secondsSince !== null && first.secondsSince > 0)
    for (const { table, writes } of first.tables) if (writes !== null) average.set(table, writes / first.secondsSince);
  if (second === null) return average.size === 0 && first.secondsSince === null ? null : average;
  const seconds = second.clock - first.clock;
  const before = new Map(first.tables.map(({ table, writes }) => [table, writes]));
  const rates = new Map(average);
  for (const { table, writes } of second.tables) {
    const then = before.get(table);
    if (writes === null || then === null || then === undefined || seconds <= 0) continue;
    rates.set(table, Math.max(average.get(table) ?? 0, (writes - then) / seconds));
  }
  return rates;
}

function snapshotTable(table: CountedTable, rate: number | null): SnapshotTable {
  const { table: name, kind, partitionOf, rows, bytes, heapBytes, indexBytes } = table;
  const writesPerSecond = rate === null ? null : Number(rate.toPrecision(3));
  return { table: name, kind, partitionOf, rows, bytes, heapBytes, indexBytes, writesPerSecond };
}

function schemaProblem(error: unknown, session: Session, timeoutMs: number): unknown {
  if (!isSqlFailure(error)) return error;
  const server = describe(session.connection);
  switch (error.sqlstate) {
    case SQLSTATE.query_canceled:
      return new Problem(`reading the schema of ${server} was cancelled after ${formatDuration(timeoutMs)}.`, {
        advice: 'Give it longer: --statement-timeout 30s.',
        cause: error,
      });
    case SQLSTATE.lock_not_available:
      return new Problem(
        `the schema of ${server} cannot be read: someone holds a table under a lock that keeps readers out.`,
        {
          advice: 'Try again when that is done.',
          cause: error,
        },
      );
    case SQLSTATE.insufficient_privilege:
      return new Problem(`the schema of ${server} may not be read: ${error.message}.`, {
        advice: 'The role needs what PUBLIC has of pg_catalog, CONNECT on the database and USAGE on its schemas.',
        cause: error,
      });
    default:
      return error;
  }
}
