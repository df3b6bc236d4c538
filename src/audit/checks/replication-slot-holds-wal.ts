import { roughBytes } from '../../bytes.ts';
import { quoteLiteral } from '../../postgres/quote.ts';
import { defineCheck, found } from '../check.ts';
import { grouped } from '../words.ts';

interface Row {
  readonly name: string;
  readonly kind: string;
  readonly active: boolean;
  /** `reserved`, `extended`, `unreserved` or `lost`; null where nothing is reserved. */
  readonly status: string | null;
  readonly retained: string | null;
  /** How much may be written before the slot is lost; null where nothing limits it. */
  readonly safe: string | null;
  readonly xminAge: string | null;
  /** When it was left; PostgreSQL 17 and later. */
  readonly inactiveSince: string | null;
  readonly invalidation: string | null;
}

export const replicationSlotHoldsWal = defineCheck<Row>({
  name: 'replication-slot-holds-wal',
  category: 'load',
  severity: 'warning',
  docs: {
    what: 'A replication slot that nobody reads, that has lost its WAL, or that holds more of it than audit.maxSlotWal (1 GB).',
    why: 'The server keeps WAL, and for logical slots rows of the catalogs, until the slot is read: the disk fills up and the primary stops.',
    instead: 'Start its reader, or drop the slot; max_slot_wal_keep_size bounds what slots may hold.',
    source: 'https://www.postgresql.org/docs/current/view-pg-replication-slots.html',
  },
  // Slots that a standby keeps in step with its primary (17) are read there.
  sql: ({ version }) => `
    SELECT s.slot_name AS name, s.slot_type AS kind, s.active, s.wal_status AS status,
           pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, s.restart_lsn)::text AS retained,
           s.safe_wal_size::text AS safe, greatest(age(s.xmin), age(s.catalog_xmin))::text AS "xminAge",
           ${version >= 17 ? `to_char(s.inactive_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')` : 'NULL'} AS "inactiveSince",
           ${version >= 17 ? 's.invalidation_reason' : 'NULL'} AS invalidation
      FROM pg_replication_slots s
     WHERE NOT s.temporary ${version >= 17 ? 'AND NOT s.synced' : ''}
     ORDER BY s.slot_name`,
  judge: (rows, { settings }) =>
    rows.flatMap((row) => {
      const { name, kind, active, status, xminAge } = row;
      const retained = Number(row.retained ?? 0);
      const isLost = status === 'lost' || row.invalidation !== null;
      const isMuch = retained > settings.maxSlotWalBytes;
      const isBehind = status === 'unreserved';
      const isLeft = !active && (row.retained !== null || xminAge !== null);
      if (!isLost && !isMuch && !isBehind && !isLeft) return [];
      const since = row.inactiveSince === null || active ? '' : ` since ${row.inactiveSince}`;
      const facts = [
        ...(row.retained === null ? [] : [`holds ${roughBytes(Math.max(0, retained))} of WAL`]),
        ...(xminAge === null || Number(xminAge) === 0
          ? []
          : [`keeps rows from vacuum that are ${grouped(Number(xminAge))} transactions old`]),
        ...(isLost ? [`has lost what it needs (${row.invalidation ?? status ?? ''})`] : []),
        ...(isBehind ? ['will be lost at the next checkpoint'] : []),
        ...(row.safe !== null && !isLost && !isBehind
          ? [`is lost after ${roughBytes(Math.max(0, Number(row.safe)))} more`]
          : []),
      ];
      const drop = `SELECT pg_drop_replication_slot(${quoteLiteral(name)});`;
      return [
        found({
          object: name,
          relation: null,
          message: `the ${kind} replication slot ${name} ${[active ? 'is behind' : `is read by nobody${since}`, ...facts].join(', ')}`,
          look: `SELECT * FROM pg_replication_slots WHERE slot_name = ${quoteLiteral(name)};`,
          instead: isLost
            ? `Its reader must be set up anew: ${drop}`
            : active
              ? 'Find out why its reader is slow (pg_stat_replication), and set max_slot_wal_keep_size.'
              : `Start its reader, or, if there is none any more: ${drop}`,
          severity: isLost || isMuch || isBehind ? 'error' : 'warning',
        }),
      ];
    }),
});
