import type { Session } from '../db/session.ts';
import { conflicts, type LockMode } from '../postgres/lock-mode.ts';
import { maskSecrets } from '../postgres/secrets.ts';
import { lex } from '../sql/lexer.ts';
import { normalize } from '../sql/libpg.ts';

/** A lock that we want: the relation, and in which mode. */
export interface LockTarget {
  readonly oid: number;
  readonly relation: string;
  /** `pg_class.relkind` */
  readonly relkind: string;
  readonly mode: LockMode;
  /** Whether `LOCK TABLE` exists for this kind of relation and our role may use it. */
  readonly lockable: boolean;
}

/** Who holds, or waits before us for, a lock that conflicts with ours. What the server does not let us see is null, never 0. */
export interface Blocker {
  readonly kind: 'session' | 'autovacuum' | 'wraparound-vacuum' | 'prepared-transaction';
  /** null for a prepared transaction. */
  readonly pid: number | null;
  readonly application: string | null;
  readonly user: string | null;
  readonly state: string | null;
  readonly transactionAgeMs: number | null;
  /** What it is that the lock is on. */
  readonly on: LockedThing;
  /** The relation, or the one whose row it is; empty where there is none. */
  readonly relation: string;
  /** What is locked where it is no relation: the type, the schema, the key of an advisory lock. */
  readonly object: string | null;
  /** What it holds or, where that is not known, what we want. */
  readonly lock: LockMode;
  /** Normalised, masked and cut: other people's data is in it. The name of a prepared transaction. */
  readonly query: string | null;
}

/**
 * `row`: it has changed or locked a row that we want; `snapshot`: its snapshot is older than what we do, and `CONCURRENTLY` waits for that;
 * `object`: a type, a schema, or whatever else is no relation.
 */
export type LockedThing = 'relation' | 'row' | 'snapshot' | 'advisory' | 'object';

/** A blocker and what tells it from the next one that has the same pid. */
export interface Holder extends Blocker {
  readonly transaction: string;
  /** Whether it can be made to leave, if it is an autovacuum. */
  readonly vacuumable: boolean;
}

export function holderKey({ pid, transaction }: Holder): string {
  return `${pid} ${transaction}`;
}

interface Row {
  pid: number | null;
  transaction: string;
  mode: string;
  oid: number;
  autovacuum: boolean;
  againstWraparound: boolean;
  application: string | null;
  user: string | null;
  state: string | null;
  ageMs: string | null;
  query: string | null;
}

/**
 * Of `a`, a row of pg_stat_activity, where `l` says what it holds. Whoever may not see that row still sees that it has no user, as only
 * an autovacuum has not in a database; then the table's age tells whether it is one that prevents wraparound.
 */
const WHO = `
  a.application_name AS application, a.state,
  coalesce(a.backend_type = 'autovacuum worker', a.usesysid IS NULL AND a.datid IS NOT NULL, false) AS autovacuum,
  CASE WHEN a.backend_type = 'autovacuum worker' THEN a.query LIKE '%(to prevent wraparound)%'
       WHEN a.usesysid IS NULL AND a.datid IS NOT NULL THEN coalesce((
         SELECT pg_catalog.age(c.relfrozenxid) > least(o.age, pg_catalog.current_setting('autovacuum_freeze_max_age')::pg_catalog.int8)
             OR pg_catalog.mxid_age(c.relminmxid) > least(o.multi, pg_catalog.current_setting('autovacuum_multixact_freeze_max_age')::pg_catalog.int8)
           FROM pg_catalog.pg_class c
          CROSS JOIN LATERAL (
            SELECT max(x.option_value::pg_catalog.int8) FILTER (WHERE x.option_name = 'autovacuum_freeze_max_age') AS age,
                   max(x.option_value::pg_catalog.int8) FILTER (WHERE x.option_name = 'autovacuum_multixact_freeze_max_age') AS multi
              FROM pg_catalog.pg_options_to_table(c.reloptions) x WHERE x.option_name LIKE 'autovacuum%freeze_max_age') AS o
          WHERE c.oid = l.relation AND c.relkind IN ('r', 'm')), false)
       ELSE false
  END AS "againstWraparound"`;

/** Looks once who is in the way of these locks, the oldest transaction first and unknown ages before all; `own` are our own sessions. */
export async function findHolders(
  control: Session,
  targets: readonly LockTarget[],
  own: readonly Session[],
): Promise<Holder[]> {
  if (targets.length === 0) return [];
  const rows = await control.query<Row>(
    `SELECT l.pid, l.virtualtransaction AS transaction, l.mode, l.relation AS oid, ${WHO}, coalesce(a.usename, p.owner) AS "user",
            extract(epoch FROM pg_catalog.clock_timestamp() - coalesce(a.xact_start, p.prepared)) * 1000 AS "ageMs",
            coalesce(p.gid, a.query) AS query
       FROM pg_catalog.pg_locks l
       LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
       LEFT JOIN pg_catalog.pg_locks x ON l.pid IS NULL AND x.pid IS NULL AND x.locktype = 'transactionid'
            AND x.virtualtransaction = l.virtualtransaction
       LEFT JOIN pg_catalog.pg_prepared_xacts p ON p.transaction = x.transactionid
      WHERE l.locktype = 'relation' AND l.relation = ANY ($1::pg_catalog.oid[])
        AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
        AND (l.pid IS NULL OR l.pid <> ALL ($2::pg_catalog.int4[]))
        AND a.backend_type IS DISTINCT FROM 'parallel worker'`,
    [targets.map(({ oid }) => String(oid)), own.map(({ pid }) => String(pid))],
  );
  return rows
    .flatMap((row) => {
      const target = targets.find(({ oid, mode }) => oid === row.oid && conflicts(mode, row.mode as LockMode));
      if (target === undefined) return [];
      const { transaction } = row;
      return [{ ...blocker(row, onRelation(target.relation)), transaction, vacuumable: mayBeVacuumed(target) }];
    })
    .sort((a, b) => (b.transactionAgeMs ?? Infinity) - (a.transactionAgeMs ?? Infinity));
}

/** Whether we can queue in ShareUpdateExclusive for it, and autovacuum works on such relations. */
export function mayBeVacuumed({ lockable, relkind }: LockTarget): boolean {
  return lockable && relkind === 'r';
}

function onRelation(relation: string): Pick<Blocker, 'on' | 'relation' | 'object'> {
  return { on: 'relation', relation, object: null };
}

interface WaitRow extends Row {
  locktype: string;
  wanted: LockMode;
  held: string;
  relation: string | null;
  object: string | null;
}

/** Whom a session waits for right now, whatever kind of lock it is. */
export async function blockingSessions(control: Session, waiting: Pick<Session, 'pid'>): Promise<Blocker[]> {
  const rows = await control.query<WaitRow>(
    // A prepared transaction is pid 0. Who waits for a row that another transaction has changed holds that row's lock meanwhile.
    `SELECT nullif(b.pid, 0) AS pid, '' AS transaction, l.mode, l.mode AS wanted, l.locktype,
            pg_catalog.array_to_json(ARRAY(
              SELECT h.mode FROM pg_catalog.pg_locks h
               WHERE coalesce(h.pid, 0) = b.pid AND h.locktype = l.locktype AND h.database IS NOT DISTINCT FROM l.database
                 AND h.relation IS NOT DISTINCT FROM l.relation AND h.virtualxid IS NOT DISTINCT FROM l.virtualxid
                 AND h.transactionid IS NOT DISTINCT FROM l.transactionid AND h.classid IS NOT DISTINCT FROM l.classid
                 AND h.objid IS NOT DISTINCT FROM l.objid AND h.objsubid IS NOT DISTINCT FROM l.objsubid
               ORDER BY h.granted DESC))::pg_catalog.text AS held,
            coalesce(l.relation, 0) AS oid,
            coalesce(l.relation, (SELECT r.relation FROM pg_catalog.pg_locks r
               WHERE r.pid = l.pid AND r.locktype = 'tuple' AND r.granted LIMIT 1))::pg_catalog.regclass::pg_catalog.text AS relation,
            CASE l.locktype
              WHEN 'object' THEN pg_catalog.pg_describe_object(l.classid, l.objid, 0)
              WHEN 'advisory' THEN CASE l.objsubid WHEN 1 THEN ((l.classid::pg_catalog.int8 << 32) | l.objid::pg_catalog.int8)::pg_catalog.text
                                                   ELSE l.classid::pg_catalog.int8 || ', ' || l.objid::pg_catalog.int8 END
            END AS object, ${WHO}, coalesce(a.usename, p.owner) AS "user",
            extract(epoch FROM pg_catalog.clock_timestamp() - coalesce(a.xact_start, p.prepared)) * 1000 AS "ageMs",
            coalesce(p.gid, a.query) AS query
       FROM pg_catalog.pg_locks l
      CROSS JOIN LATERAL (SELECT DISTINCT u.pid FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids(l.pid)) AS u (pid)) AS b
       LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
       LEFT JOIN pg_catalog.pg_prepared_xacts p ON b.pid = 0 AND p.transaction = ANY (
            SELECT x.transactionid FROM pg_catalog.pg_locks x
              JOIN pg_catalog.pg_locks h ON h.pid IS NULL AND h.virtualtransaction = x.virtualtransaction
             WHERE x.pid IS NULL AND x.locktype = 'transactionid' AND h.locktype = l.locktype
               AND h.relation IS NOT DISTINCT FROM l.relation AND h.transactionid IS NOT DISTINCT FROM l.transactionid
               AND h.classid IS NOT DISTINCT FROM l.classid AND h.objid IS NOT DISTINCT FROM l.objid)
      WHERE l.pid = $1 AND NOT l.granted`,
    [waiting.pid],
  );
  return rows.map((row) => {
    // It may hold several; one that is in our way tells more than the one we want.
    const held = (JSON.parse(row.held) as LockMode[]).find((mode) => conflicts(mode, row.wanted));
    const on = LOCK_TYPES[row.locktype] ?? 'object';
    return blocker({ ...row, mode: held ?? row.mode }, { on, relation: row.relation ?? '', object: row.object });
  });
}

/** By `pg_locks.locktype`. https://www.postgresql.org/docs/current/view-pg-locks.html */
const LOCK_TYPES: Readonly<Record<string, LockedThing>> = {
  relation: 'relation',
  extend: 'relation',
  tuple: 'row',
  transactionid: 'row',
  spectoken: 'row',
  virtualxid: 'snapshot',
  advisory: 'advisory',
};

/** Each blocker once, with its strongest claim to be named first. */
export function blockersOf(holders: readonly Holder[]): Blocker[] {
  const seen = new Map<string, Blocker>();
  for (const holder of holders) {
    const { transaction: _, vacuumable: __, ...one } = holder;
    const key = holderKey(holder);
    if (!seen.has(key)) seen.set(key, one);
  }
  return [...seen.values()];
}

function blocker(row: Row, what: Pick<Blocker, 'on' | 'relation' | 'object'>): Blocker {
  const kind =
    row.pid === null
      ? 'prepared-transaction'
      : !row.autovacuum
        ? 'session'
        : row.againstWraparound
          ? 'wraparound-vacuum'
          : 'autovacuum';
  return {
    kind,
    pid: row.pid,
    application: row.application === '' ? null : row.application,
    user: row.user,
    state: row.state,
    transactionAgeMs: row.ageMs === null ? null : Math.max(0, Math.round(Number(row.ageMs))),
    ...what,
    lock: row.mode as LockMode,
    query:
      row.query === null || row.query === HIDDEN
        ? null
        : kind === 'session'
          ? shownQuery(row.query)
          : cut(maskSecrets(row.query)),
  };
}

const HIDDEN = '<insufficient privilege>';

/** Another session's query as we may show and keep it; null when the server hides it. Needs `loadParser()`. */
export function shownQuery(query: string): string | null {
  if (query === HIDDEN || query.trim() === '') return null;
  return cut(maskSecrets(normalize(query) ?? withoutLiterals(query)));
}

/** For what the parser cannot read: cut off by `track_activity_query_size`, most often. */
function withoutLiterals(query: string): string {
  const words: string[] = [];
  for (const { kind, start, end } of lex(query)) {
    const text = query.slice(start, end);
    if (kind === 'comment') continue;
    words.push(kind === 'string' || /^\d/.test(text) ? '?' : text);
  }
  return words.join(' ');
}

const SHOWN_CHARACTERS = 200;

function cut(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= SHOWN_CHARACTERS ? line : `${line.slice(0, SHOWN_CHARACTERS - 1)}…`;
}
