import type { Session } from '../db/session.ts';
import { quoteIdent } from '../postgres/quote.ts';
import { isHeldSql } from '../safety/lease.ts';
import type { Key } from './batches.ts';
import type { Stored } from './store.ts';

/** A part of a walk with a checkpoint of its own: the keys of one table after `lower`, up to and with `upper`. */
export interface Range {
  readonly number: number;
  readonly tableOid: string;
  /** What it was called when the range was made. */
  readonly table: string;
  readonly lower: Key | null;
  readonly upper: Key | null;
  /** Without a key: where this pass ends, what was the end of the table when it began. */
  readonly walkTo: Key | null;
  /** Without a key: the file in which the places are. */
  readonly file: string | null;
  readonly lastKey: Key | null;
  readonly pass: number;
  readonly rowsDone: number;
  readonly rowsVisited: number;
  readonly batches: number;
  /** Keys in a batch, as adapted so far; null before the first one. */
  readonly batchKeys: number | null;
  readonly done: boolean;
  /** Why it is not walked any more. */
  readonly leftOut: string | null;
  /** The lease of the worker that walks it. */
  readonly claimedBy: string | null;
}

export type NewRange = Pick<Range, 'tableOid' | 'table' | 'lower' | 'upper' | 'walkTo' | 'file'>;

/** What is written beside a checkpoint for those who watch. */
export interface Pulse {
  readonly rate: number;
  /** Since this process began. */
  readonly averageRate: number;
  /** Of the batch before. */
  readonly batchMs: number | null;
  readonly eta: Stored['eta'];
}

/** Nobody is at work on it. */
export const NO_PULSE: Pulse = { rate: 0, averageRate: 0, batchMs: null, eta: null };

/** A table by the name that a statement has for it. */
interface Named {
  readonly name: string;
  readonly oid: string;
}

/** The ranges of one backfill in the books. Every method is one statement, in whatever transaction the session is in. */
export interface Ranges {
  list(session: Session): Promise<Range[]>;
  /** Takes the first range that is not done and that no other worker is at; null where there is none. `by` is the worker's lease. */
  claim(session: Session, by: string): Promise<Range | null>;
  /** Nobody moves on in any of them before this transaction ends, and what somebody was about to commit is there. */
  hold(session: Session): Promise<void>;
  /** Those that {@link claim} could take, as they are now; nobody else claims them, or moves on in them, before this transaction ends. */
  lockFree(session: Session, by: string): Promise<Range[]>;
  /** Whether this transaction may make new ones: one at a time gives out their numbers. Who begins the backfill has the same row. */
  numbering(session: Session): Promise<boolean>;
  /** Cuts a range off after a key, while it is locked by {@link lockFree}; the rest becomes a range of its own. */
  cut(session: Session, range: Range, at: Key): Promise<void>;
  /** Adds ranges after those that there are. */
  add(session: Session, ranges: readonly NewRange[]): Promise<void>;
  /** Those of a walk that has not begun; while they are held, nobody begins it. */
  clear(session: Session): Promise<void>;
  /** After a restore: each table is the one that has its name now. */
  rebind(session: Session): Promise<void>;
  /**
   * Moves on from one checkpoint to the next. False where the stored one is not `from`, because someone else moved it, and with a
   * table also where its name means another one by now, or its rows are in another file: this transaction must not commit then.
   */
  advance(session: Session, from: Range, to: Range, pulse: Pulse, table?: Named): Promise<boolean>;
}

export function openRanges(schema: string, backfill: string): Ranges {
  const table = `${quoteIdent(schema)}.backfill_range`;
  const columns = `r.number, r.table_oid::pg_catalog.text AS "tableOid", r.table_name AS "table", pg_catalog.to_json(r.lower_key) AS lower,
       pg_catalog.to_json(r.upper_key) AS upper, pg_catalog.to_json(r.walk_to) AS "walkTo", r.file::pg_catalog.text AS file,
       pg_catalog.to_json(r.last_key) AS "lastKey", r.pass, r.rows_done AS "rowsDone", r.rows_visited AS "rowsVisited", r.batches,
       r.batch_keys AS "batchKeys", r.done, r.left_out AS "leftOut", r.claimed_by AS "claimedBy"`;
  const free = `r.backfill = $1 AND NOT r.done AND r.left_out IS NULL
              AND (r.claimed_by IS NULL OR r.claimed_by = $2 OR NOT ${isHeldSql(schema, 'r.claimed_by')})`;
  return {
    async list(session) {
      const rows = await session.query<Row>(
        `SELECT ${columns} FROM ${table} r WHERE r.backfill = $1 ORDER BY r.number`,
        [backfill],
      );
      return rows.map(fromRow);
    },
    async claim(session, by) {
      const [row] = await session.query<Row>(
        // As a subquery it could run again for each row that is joined, and claim all of them.
        `WITH free AS MATERIALIZED (
           SELECT r.number FROM ${table} r WHERE ${free}
            ORDER BY r.claimed_by IS DISTINCT FROM $2, r.number LIMIT 1 FOR UPDATE OF r SKIP LOCKED)
         UPDATE ${table} r SET claimed_by = $2 FROM free WHERE r.backfill = $1 AND r.number = free.number
         RETURNING ${columns}`,
        [backfill, by],
      );
      return row === undefined ? null : fromRow(row);
    },
    async hold(session) {
      await session.query(`SELECT FROM ${table} WHERE backfill = $1 ORDER BY number FOR UPDATE`, [backfill]);
    },
    async lockFree(session, by) {
      const rows = await session.query<Row>(
        `SELECT ${columns} FROM ${table} r WHERE ${free} ORDER BY r.number FOR UPDATE OF r SKIP LOCKED`,
        [backfill, by],
      );
      return rows.map(fromRow);
    },
    async numbering(session) {
      const rows = await session.query(
        `SELECT FROM ${quoteIdent(schema)}.backfill WHERE name = $1 FOR NO KEY UPDATE SKIP LOCKED`,
        [backfill],
      );
      return rows.length > 0;
    },
    async cut(session, { number }, at) {
      await session.query(
        `WITH cut AS (UPDATE ${table} SET upper_key = $3 WHERE backfill = $1 AND number = $2 RETURNING backfill),
              rest AS (SELECT r.*, (SELECT pg_catalog.max(m.number) + 1 FROM ${table} m WHERE m.backfill = $1) AS next
                         FROM ${table} r JOIN cut USING (backfill) WHERE r.number = $2)
         INSERT INTO ${table} (backfill, number, table_oid, table_name, lower_key, upper_key, walk_to, file, pass)
         SELECT backfill, next, table_oid, table_name, $3, upper_key, walk_to, file, pass FROM rest`,
        [backfill, number, at],
      );
    },
    async add(session, ranges) {
      for (const { tableOid, table: name, lower, upper, walkTo, file } of ranges) {
        await session.query(
          `INSERT INTO ${table} (backfill, number, table_oid, table_name, lower_key, upper_key, walk_to, file)
           SELECT $1, coalesce(pg_catalog.max(number), 0) + 1, $2, $3, $4, $5, $6, $7 FROM ${table} WHERE backfill = $1`,
          [backfill, tableOid, name, lower, upper, walkTo, file],
        );
      }
    },
    async clear(session) {
      await session.query(
        `DELETE FROM ${table} WHERE backfill = $1
            AND NOT EXISTS (SELECT FROM ${table} r WHERE r.backfill = $1 AND r.batches > 0)`,
        [backfill],
      );
    },
    async rebind(session) {
      await session.query(
        `UPDATE ${table} r SET table_oid = c.oid
           FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE r.backfill = $1 AND n.nspname || '.' || c.relname = r.table_name`,
        [backfill],
      );
    },
    async advance(session, from, to, { rate, averageRate, batchMs, eta }, named) {
      const { rowCount } = await session.run(
        `UPDATE ${table}
            SET last_key = $3, pass = $4, rows_done = $5, rows_visited = $6, batches = $7, batch_keys = $8, done = $9, left_out = $10, walk_to = $18, file = $19, claimed_by = $20,
                rate_now = $11, rate_average = $25, batch_ms = coalesce($26, batch_ms), eta_seconds = $12, eta_low = $13, eta_high = $14, updated_at = pg_catalog.clock_timestamp()
          WHERE backfill = $1 AND number = $2
            AND batches = $15 AND pass = $16 AND last_key IS NOT DISTINCT FROM $17::pg_catalog.text[]
            AND claimed_by IS NOT DISTINCT FROM $21 AND upper_key IS NOT DISTINCT FROM $22::pg_catalog.text[]
            AND pg_catalog.to_regclass($23) IS NOT DISTINCT FROM $24::pg_catalog.oid
            AND ($23 IS NULL OR file IS NULL OR file = pg_catalog.pg_relation_filenode(table_oid))`,
        [
          backfill,
          from.number,
          to.lastKey,
          to.pass,
          to.rowsDone,
          to.rowsVisited,
          to.batches,
          to.batchKeys,
          to.done,
          to.leftOut,
          rate,
          ...(eta === null ? [null, null, null] : [eta.seconds, ...eta.range]),
          from.batches,
          from.pass,
          from.lastKey,
          to.walkTo,
          to.file,
          to.claimedBy,
          from.claimedBy,
          from.upper,
          named?.name ?? null,
          named?.oid ?? null,
          averageRate,
          batchMs,
        ],
      );
      return rowCount === 1;
    },
  };
}

/** As it comes: everything but integer and boolean is text. */
interface Row {
  number: number;
  tableOid: string;
  table: string;
  lower: string | null;
  upper: string | null;
  walkTo: string | null;
  file: string | null;
  lastKey: string | null;
  pass: number;
  rowsDone: string;
  rowsVisited: string;
  batches: string;
  batchKeys: number | null;
  done: boolean;
  leftOut: string | null;
  claimedBy: string | null;
}

function fromRow({ lower, upper, walkTo, lastKey, rowsDone, rowsVisited, batches, ...row }: Row): Range {
  return {
    ...row,
    lower: readKey(lower),
    upper: readKey(upper),
    walkTo: readKey(walkTo),
    lastKey: readKey(lastKey),
    rowsDone: Number(rowsDone),
    rowsVisited: Number(rowsVisited),
    batches: Number(batches),
  };
}

function readKey(json: string | null): Key | null {
  return json === null ? null : (JSON.parse(json) as string[]);
}
