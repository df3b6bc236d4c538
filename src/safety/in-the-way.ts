import type { Session } from '../db/session.ts';
import { maskSecrets } from '../postgres/secrets.ts';
import { shownQuery } from './blockers.ts';

/** A transaction that has been open for long: online work waits for its snapshot, and its locks stay. */
export interface LongTransaction {
  readonly pid: number;
  readonly application: string | null;
  readonly user: string | null;
  readonly state: string | null;
  readonly ageMs: number;
  /** Whether it holds a snapshot right now. */
  readonly snapshot: boolean;
  /** Normalised, masked and cut. */
  readonly query: string | null;
}

/** A prepared transaction: its locks stay until someone ends it. */
export interface PreparedTransaction {
  readonly name: string;
  readonly user: string;
  readonly ageMs: number;
}

export interface ReplicationSlot {
  readonly name: string;
  readonly kind: 'physical' | 'logical';
  readonly active: boolean;
  /** WAL that the server keeps for it; null where nothing is reserved. */
  readonly retainedBytes: number | null;
  /** How many transactions ago the rows are that it keeps from VACUUM; null where it keeps none. */
  readonly xminAge: number | null;
}

/** What stands in the way of schema changes in general, whatever tables they are about. */
export interface InTheWay {
  /** The oldest first. */
  readonly transactions: readonly LongTransaction[];
  readonly preparedTransactions: readonly PreparedTransaction[];
  readonly replicationSlots: readonly ReplicationSlot[];
}

/** Ordinary transactions of a busy server are over long before. */
const LONG_MS = 1_000;

/** Looks once, and takes no lock on any table. Ages of other roles' transactions need pg_read_all_stats. Needs `loadParser()`. */
export async function readInTheWay(session: Session): Promise<InTheWay> {
  const transactions = await session.query<Omit<LongTransaction, 'ageMs'> & { ageMs: string }>(
    `SELECT a.pid, nullif(a.application_name, '') AS application, a.usename AS "user", a.state,
            extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start) * 1000 AS "ageMs",
            a.backend_xmin IS NOT NULL AS snapshot, a.query
       FROM pg_catalog.pg_stat_activity a
      WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()
        AND a.backend_type = 'client backend'
        AND pg_catalog.clock_timestamp() - a.xact_start > $1 * interval '1 millisecond'
      ORDER BY a.xact_start`,
    [LONG_MS],
  );
  const prepared = await session.query<Omit<PreparedTransaction, 'ageMs'> & { ageMs: string }>(
    `SELECT p.gid AS name, p.owner AS "user", extract(epoch FROM pg_catalog.clock_timestamp() - p.prepared) * 1000 AS "ageMs"
       FROM pg_catalog.pg_prepared_xacts p WHERE p.database = pg_catalog.current_database() ORDER BY p.prepared`,
  );
  const slots = await session.query<
    Omit<ReplicationSlot, 'retainedBytes' | 'xminAge'> & { retained: string | null; xminAge: number | null }
  >(
    `SELECT s.slot_name AS name, s.slot_type AS kind, s.active,
            pg_catalog.pg_wal_lsn_diff(
              CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END,
              s.restart_lsn)::pg_catalog.text AS retained,
            greatest(pg_catalog.age(s.xmin), pg_catalog.age(s.catalog_xmin)) AS "xminAge"
       FROM pg_catalog.pg_replication_slots s ORDER BY s.active, s.slot_name`,
  );
  return {
    transactions: transactions.map(({ ageMs, query, ...rest }) => ({
      ...rest,
      ageMs: Math.round(Number(ageMs)),
      query: query === null ? null : shownQuery(query),
    })),
    preparedTransactions: prepared.map(({ name, user, ageMs }) => ({
      name: maskSecrets(name),
      user,
      ageMs: Math.round(Number(ageMs)),
    })),
    replicationSlots: slots.map(({ retained, ...slot }) => ({
      ...slot,
      retainedBytes: retained === null ? null : Math.max(0, Number(retained)),
    })),
  };
}
