import { installedVersion } from '../db/own-schema.ts';
import type { Session } from '../db/session.ts';
import { LeaseLost, type Lease } from '../safety/lease.ts';
import { quoteIdent } from '../postgres/quote.ts';
import type { Statement } from '../sql/statement.ts';
import { checksum } from './checksum.ts';
import type { MigrationFile } from './discovery.ts';
import { ledgerTables, migrationTable, statementTable } from './ledger-tables.ts';
import type { IndexTrail } from './leftovers.ts';
import type { StatementResult } from './result.ts';

export type MigrationState = 'running' | 'done' | 'failed' | 'half-done';

/** One migration as the ledger has it; timestamps in UTC. */
export interface LedgerRow {
  readonly name: string;
  readonly path: string;
  readonly version: string | null;
  readonly kind: 'migration' | 'backfill';
  readonly checksum: string;
  readonly state: MigrationState;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly runBy: string;
  readonly runFrom: string;
  readonly toolVersion: string;
  /** Committed, and no synchronous standby has said that it has it. */
  readonly unconfirmed: boolean;
  /** The cap that the file asked for itself. */
  readonly capMs: number | null;
  readonly capReason: string | null;
  readonly error: string | null;
}

/** One statement of a file that is not one transaction. */
export interface StatementRow {
  readonly index: number;
  readonly line: number;
  /** PostgreSQL's node name without `Stmt`. */
  readonly kind: string;
  readonly checksum: string;
  readonly state: 'running' | 'done' | 'failed';
  /** The session that ran it; null when it was on another server, or before this one's start: a pid means nothing there. */
  readonly backend: Backend | null;
  /** For online work: by what its leftovers are found. */
  readonly trail: IndexTrail;
}

/** A session as the server names it. */
export type Backend = Pick<Session, 'pid' | 'backendStart'>;

/** Who runs this, from where, with what. */
export interface Runner {
  /** `ann@laptop pid 4242` */
  readonly from: string;
  readonly toolVersion: string;
}

export interface Ledger {
  readonly schema: string;
  readonly runner: Runner;
}

/** All rows, none when there is no ledger yet; needs no more than SELECT. Throws a Problem for a ledger of a newer tiptoe. */
export async function readLedger(session: Session, schema: string): Promise<LedgerRow[]> {
  if ((await installedVersion(session, ledgerTables(schema))) === 0) return [];
  return session.query<LedgerRow>(
    `SELECT name, path, version, kind, checksum, state, ${utc('started_at')} AS "startedAt", ${utc('finished_at')} AS "finishedAt",
            run_by AS "runBy", run_from AS "runFrom", tool_version AS "toolVersion", unconfirmed, cap_ms::pg_catalog.int4 AS "capMs", cap_reason AS "capReason", error
       FROM ${migrationTable(schema)}`,
  );
}

/** What stands, and what was begun outside of a transaction; a transaction that was rolled back has left nothing to look for. */
export async function readStatements(session: Session, { schema }: Ledger, name: string): Promise<StatementRow[]> {
  const rows = await session.query<
    Omit<StatementRow, 'backend' | 'trail'> & {
      pid: number | null;
      backendStart: string | null;
      tables: string;
      made: string | null;
      seen: string;
    }
  >(
    `SELECT index, line, kind, checksum, state, backend_start::pg_catalog.text AS "backendStart",
            CASE WHEN server_start = pg_catalog.pg_postmaster_start_time() THEN backend_pid END AS pid,
            pg_catalog.array_to_json(online_tables)::pg_catalog.text AS tables, online_index AS made,
            pg_catalog.array_to_json(seen_indexes)::pg_catalog.text AS seen
       FROM ${statementTable(schema)} WHERE migration = $1 AND (state = 'done' OR backend_pid IS NOT NULL) ORDER BY index`,
    [name],
  );
  const oids = (json: string) => (JSON.parse(json) as unknown[]).map(Number);
  return rows.map(({ pid, backendStart, tables, made, seen, ...row }) => ({
    ...row,
    backend: pid === null || backendStart === null ? null : { pid, backendStart },
    trail: { tables: oids(tables), index: made, shadows: row.kind === 'Reindex', seen: oids(seen) },
  }));
}

/** A file has been begun; of an earlier run nothing but its statements is kept. */
export async function recordStart(
  session: Session,
  { schema, runner }: Ledger,
  file: MigrationFile,
  transaction: 'file' | 'statement' | 'none',
  cap: { readonly ms: number; readonly reason: string } | null,
): Promise<void> {
  await session.run(
    `INSERT INTO ${migrationTable(schema)} AS m (name, path, version, kind, checksum, state, transaction, run_from, tool_version, cap_ms, cap_reason)
     VALUES ($1, $2, $3, $4, $5, 'running', $6, $7, $8, $9, $10)
     ON CONFLICT (name) DO UPDATE
       SET path = excluded.path, version = excluded.version, checksum = excluded.checksum, transaction = excluded.transaction,
           started_at = excluded.started_at, finished_at = NULL, run_by = excluded.run_by, run_from = excluded.run_from,
           tool_version = excluded.tool_version, error = NULL, cap_ms = excluded.cap_ms, cap_reason = excluded.cap_reason,
           unconfirmed = m.unconfirmed AND m.state = 'half-done',
           state = CASE m.state WHEN 'half-done' THEN m.state ELSE excluded.state END`,
    [
      file.name,
      file.path,
      file.version,
      file.kind === 'backfill' ? 'backfill' : 'migration',
      checksum(file.text),
      transaction,
      runner.from,
      runner.toolVersion,
      cap === null ? null : Math.round(cap.ms),
      cap?.reason ?? null,
    ],
  );
}

/** A file is done; in its own transaction where it is one. */
export async function recordDone(session: Session, { schema }: Ledger, file: MigrationFile): Promise<void> {
  await session.run(
    `UPDATE ${migrationTable(schema)} m
        SET state = 'done', finished_at = pg_catalog.clock_timestamp(), error = NULL,
            (attempts, waited_ms, held_ms, duration_ms, stalled_sessions, longest_stall_ms, total_stall_ms) =
              (SELECT max(s.attempts), sum(s.waited_ms), max(s.held_ms), sum(s.duration_ms),
                      sum(s.stalled_sessions), max(s.longest_stall_ms), sum(s.total_stall_ms)
                 FROM ${statementTable(schema)} s WHERE s.migration = m.name)
      WHERE name = $1`,
    [file.name],
  );
}

/** A COMMIT of this file stands, and no synchronous standby has confirmed it. */
export async function recordUnconfirmed(session: Session, { schema }: Ledger, file: MigrationFile): Promise<void> {
  await session.run(`UPDATE ${migrationTable(schema)} SET unconfirmed = true WHERE name = $1`, [file.name]);
}

/** A file has failed, or was given up; what of it stands, its statements say. */
export async function recordFailure(
  session: Session,
  { schema }: Ledger,
  file: MigrationFile,
  error: string,
): Promise<void> {
  await session.run(
    `UPDATE ${migrationTable(schema)} m
        SET state = CASE WHEN EXISTS (SELECT FROM ${statementTable(schema)} s WHERE s.migration = m.name AND s.state <> 'failed')
                    THEN 'half-done' ELSE 'failed' END,
            finished_at = pg_catalog.clock_timestamp(), error = $2
      WHERE name = $1`,
    [file.name, error],
  );
}

export interface DoneStatement {
  readonly statement: Statement;
  readonly line: number;
  readonly result: StatementResult;
}

/** Statements are done; in the transaction that they ran in, where there is one. One query, since locks may be held meanwhile. */
export function recordStatements(
  session: Session,
  ledger: Ledger,
  file: MigrationFile,
  done: readonly DoneStatement[],
): Promise<void> {
  return writeStatements(session, ledger, file, { state: 'done', rows: done });
}

/** A statement was given up or failed; what it met is kept. Whether it stands may be open, and stays as it was noted. */
export function recordUnfinished(
  session: Session,
  ledger: Ledger,
  file: MigrationFile,
  unfinished: DoneStatement,
): Promise<void> {
  return writeStatements(session, ledger, file, { state: 'failed', rows: [unfinished] });
}

async function writeStatements(
  session: Session,
  { schema, runner }: Ledger,
  file: MigrationFile,
  { state, rows }: { readonly state: 'done' | 'failed'; readonly rows: readonly DoneStatement[] },
): Promise<void> {
  const column = (value: (done: DoneStatement) => string | number) => rows.map((one) => String(value(one)));
  const rounded = (value: (result: StatementResult) => number) => column(({ result }) => Math.round(value(result)));
  await session.run(
    `INSERT INTO ${statementTable(schema)}
       (migration, index, line, kind, checksum, state, finished_at, attempts, waited_ms, held_ms, duration_ms,
        stalled_sessions, longest_stall_ms, total_stall_ms, blockers, run_from, tool_version)
     SELECT $1, d.index, d.line, d.kind, d.checksum, $2, pg_catalog.clock_timestamp(), d.attempts, d.waited_ms, d.held_ms, d.duration_ms,
            d.stalled_sessions, d.longest_stall_ms, d.total_stall_ms, d.blockers::pg_catalog.jsonb, $3, $4
       FROM ROWS FROM (pg_catalog.unnest($5::pg_catalog.int4[]), pg_catalog.unnest($6::pg_catalog.int4[]),
                       pg_catalog.unnest($7::pg_catalog.text[]), pg_catalog.unnest($8::pg_catalog.text[]),
                       pg_catalog.unnest($9::pg_catalog.int4[]), pg_catalog.unnest($10::pg_catalog.int8[]),
                       pg_catalog.unnest($11::pg_catalog.int8[]), pg_catalog.unnest($12::pg_catalog.int8[]),
                       pg_catalog.unnest($13::pg_catalog.int4[]), pg_catalog.unnest($14::pg_catalog.int8[]),
                       pg_catalog.unnest($15::pg_catalog.int8[]), pg_catalog.unnest($16::pg_catalog.text[]))
              AS d (index, line, kind, checksum, attempts, waited_ms, held_ms, duration_ms,
                    stalled_sessions, longest_stall_ms, total_stall_ms, blockers)
     ON CONFLICT (migration, index) DO UPDATE
       SET ${state === 'done' ? `state = 'done', checksum = excluded.checksum,` : ''}
           finished_at = excluded.finished_at, attempts = excluded.attempts, waited_ms = excluded.waited_ms,
           held_ms = excluded.held_ms, duration_ms = excluded.duration_ms, stalled_sessions = excluded.stalled_sessions,
           longest_stall_ms = excluded.longest_stall_ms, total_stall_ms = excluded.total_stall_ms, blockers = excluded.blockers,
           run_by = excluded.run_by, run_from = excluded.run_from, tool_version = excluded.tool_version`,
    [
      file.name,
      state,
      runner.from,
      runner.toolVersion,
      column(({ statement }) => statement.index),
      column(({ line }) => line),
      column(({ statement }) => statement.kind),
      column(({ statement }) => statementChecksum(statement)),
      column(({ result }) => result.attempts),
      rounded(({ waitedMs }) => waitedMs),
      rounded(({ heldMs }) => heldMs),
      rounded(({ durationMs }) => durationMs),
      column(({ result }) => result.stalled.sessions),
      rounded(({ stalled }) => stalled.longestMs),
      rounded(({ stalled }) => stalled.totalMs),
      column(({ result }) => JSON.stringify(result.blockers)),
    ],
  );
}

/**
 * A statement outside of a transaction is about to run; if we die, this row tells the next runner to look. Throws {@link LeaseLost} when
 * there is a next runner already: it must not come upon a row that it has not seen.
 */
export async function recordIntent(
  session: Session,
  { schema, runner }: Ledger,
  lease: Pick<Lease, 'schema' | 'name' | 'token'>,
  file: MigrationFile,
  intent: {
    readonly statement: Statement;
    readonly line: number;
    readonly backend: Backend;
    readonly trail: Pick<IndexTrail, 'tables' | 'index' | 'seen'>;
  },
): Promise<void> {
  const { rowCount } = await session.run(
    `WITH ours AS (SELECT FROM ${quoteIdent(lease.schema)}.lease WHERE name = $13 AND token = $14 FOR KEY SHARE)
     INSERT INTO ${statementTable(schema)}
       (migration, index, line, kind, checksum, state, backend_pid, backend_start, server_start, online_tables, online_index,
        seen_indexes, run_from, tool_version)
     SELECT $1, $2, $3, $4, $5, 'running', $6, $7, pg_catalog.pg_postmaster_start_time(), $8, $9, $10, $11, $12 FROM ours
     ON CONFLICT (migration, index) DO UPDATE
       SET state = 'running', started_at = excluded.started_at, finished_at = NULL, line = excluded.line, kind = excluded.kind,
           checksum = excluded.checksum, backend_pid = excluded.backend_pid, backend_start = excluded.backend_start,
           server_start = excluded.server_start, online_tables = excluded.online_tables, online_index = excluded.online_index, seen_indexes = excluded.seen_indexes,
           run_by = excluded.run_by, run_from = excluded.run_from, tool_version = excluded.tool_version`,
    [
      file.name,
      intent.statement.index,
      intent.line,
      intent.statement.kind,
      statementChecksum(intent.statement),
      intent.backend.pid,
      intent.backend.backendStart,
      intent.trail.tables.map(String),
      intent.trail.index,
      intent.trail.seen.map(String),
      runner.from,
      runner.toolVersion,
      lease.name,
      lease.token,
    ],
  );
  if (rowCount === 0) throw new LeaseLost(lease);
}

/** What an edited statement has left is settled. */
export async function forgetStatement(
  session: Session,
  { schema }: Ledger,
  file: MigrationFile,
  index: number,
): Promise<void> {
  await session.run(`DELETE FROM ${statementTable(schema)} WHERE migration = $1 AND index = $2 AND state <> 'done'`, [
    file.name,
    index,
  ]);
}

/** A statement of an earlier run has happened after all. */
export async function recordStands(
  session: Session,
  { schema }: Ledger,
  file: MigrationFile,
  index: number,
): Promise<void> {
  await session.run(
    `UPDATE ${statementTable(schema)} SET state = 'done', finished_at = pg_catalog.clock_timestamp() WHERE migration = $1 AND index = $2`,
    [file.name, index],
  );
}

/** The server has answered a statement with an error. */
export async function recordStatementFailure(
  session: Session,
  { schema }: Ledger,
  file: MigrationFile,
  index: number,
): Promise<void> {
  await session.run(
    `UPDATE ${statementTable(schema)} SET state = 'failed', finished_at = pg_catalog.clock_timestamp() WHERE migration = $1 AND index = $2`,
    [file.name, index],
  );
}

/** How long a lock was really held, and who waited for it, is known only after COMMIT. */
export async function recordCosts(
  session: Session,
  { schema }: Ledger,
  file: MigrationFile,
  results: readonly StatementResult[],
): Promise<void> {
  const column = (value: (result: StatementResult) => number) => results.map((one) => String(Math.round(value(one))));
  await session.run(
    `UPDATE ${statementTable(schema)} s
        SET held_ms = h.held_ms, stalled_sessions = h.stalled_sessions, longest_stall_ms = h.longest_stall_ms, total_stall_ms = h.total_stall_ms
       FROM ROWS FROM (pg_catalog.unnest($2::pg_catalog.int4[]), pg_catalog.unnest($3::pg_catalog.int8[]),
                       pg_catalog.unnest($4::pg_catalog.int4[]), pg_catalog.unnest($5::pg_catalog.int8[]),
                       pg_catalog.unnest($6::pg_catalog.int8[]))
              AS h (index, held_ms, stalled_sessions, longest_stall_ms, total_stall_ms)
      WHERE s.migration = $1 AND s.index = h.index`,
    [
      file.name,
      column(({ index }) => index),
      column(({ heldMs }) => heldMs),
      column(({ stalled }) => stalled.sessions),
      column(({ stalled }) => stalled.longestMs),
      column(({ stalled }) => stalled.totalMs),
    ],
  );
  await session.run(
    `UPDATE ${migrationTable(schema)} m
        SET (held_ms, stalled_sessions, longest_stall_ms, total_stall_ms) =
              (SELECT max(s.held_ms), sum(s.stalled_sessions), max(s.longest_stall_ms), sum(s.total_stall_ms)
                 FROM ${statementTable(schema)} s WHERE s.migration = m.name)
      WHERE name = $1 AND state = 'done'`,
    [file.name],
  );
}

export function statementChecksum({ text }: Statement): string {
  return checksum(text);
}

const utc = (column: string) => `pg_catalog.to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
