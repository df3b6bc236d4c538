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
  /** Empty where the lock is not one of a relation. */
  readonly relation: string;
  /** What it holds or, where that is not known, what we want. */
  readonly lock: LockMode;
  /** Normalised, masked and cut: other people's data is in it. The name of a prepared transaction. */
  readonly query: string | null;
}

/** A blocker and what tells it from the next one that has the same pid. */
export interface Holder extends Blocker {
  readonly transaction: string;
}

interface Row {
  pid: number | null;
  transaction: string;
  mode: string;
  oid: number;
  backendType: string | null;
  application: string | null;
  user: string | null;
  state: string | null;
  ageMs: string | null;
  query: string | null;
}

/** Looks once who is in the way of these locks, the oldest transaction first and unknown ages before all; `own` are our own sessions. */
export async function findHolders(
  control: Session,
  targets: readonly LockTarget[],
  own: readonly Session[],
): Promise<Holder[]> {
  if (targets.length === 0) return [];
  const rows = await control.query<Row>(
    `SELECT l.pid, l.virtualtransaction AS transaction, l.mode, l.relation AS oid, a.backend_type AS "backendType",
            a.application_name AS application, coalesce(a.usename, p.owner) AS "user", a.state,
            extract(epoch FROM pg_catalog.clock_timestamp() - coalesce(a.xact_start, p.prepared)) * 1000 AS "ageMs",
            coalesce(p.gid, a.query) AS query
       FROM pg_catalog.pg_locks l
       LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
       LEFT JOIN pg_catalog.pg_locks x ON l.pid IS NULL AND x.pid IS NULL AND x.locktype = 'transactionid'
            AND x.virtualtransaction = l.virtualtransaction
       LEFT JOIN pg_catalog.pg_prepared_xacts p ON p.transaction = x.transactionid
      WHERE l.locktype = 'relation' AND l.relation = ANY ($1::pg_catalog.oid[])
        AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
        AND (l.pid IS NULL OR l.pid <> ALL ($2::pg_catalog.int4[]))`,
    [targets.map(({ oid }) => String(oid)), own.map(({ pid }) => String(pid))],
  );
  return rows
    .flatMap((row) => {
      const target = targets.find(({ oid, mode }) => oid === row.oid && conflicts(mode, row.mode as LockMode));
      return target === undefined ? [] : [holder(row, target)];
    })
    .sort((a, b) => (b.transactionAgeMs ?? Infinity) - (a.transactionAgeMs ?? Infinity));
}

/** Whom a session waits for right now, whatever kind of lock it is. */
export async function blockingSessions(control: Session, waiting: Pick<Session, 'pid'>): Promise<Blocker[]> {
  const rows = await control.query<Row & { relation: string | null; wanted: LockMode; held: string }>(
    `SELECT b.pid, '' AS transaction, w.mode, w.mode AS wanted,
            pg_catalog.array_to_json(ARRAY(
              SELECT h.mode FROM pg_catalog.pg_locks h
               WHERE h.pid = b.pid AND h.locktype = w.locktype AND h.database IS NOT DISTINCT FROM w.database
                 AND h.relation IS NOT DISTINCT FROM w.relation AND h.virtualxid IS NOT DISTINCT FROM w.virtualxid
                 AND h.transactionid IS NOT DISTINCT FROM w.transactionid
               ORDER BY h.granted DESC))::pg_catalog.text AS held, coalesce(w.relation, 0) AS oid, w.relation::pg_catalog.regclass::pg_catalog.text AS relation,
            b.backend_type AS "backendType", b.application_name AS application, b.usename AS "user", b.state,
            extract(epoch FROM pg_catalog.clock_timestamp() - b.xact_start) * 1000 AS "ageMs", b.query
       FROM pg_catalog.pg_locks w
       JOIN pg_catalog.pg_stat_activity b ON b.pid = ANY (pg_catalog.pg_blocking_pids(w.pid))
      WHERE w.pid = $1 AND NOT w.granted`,
    [waiting.pid],
  );
  return rows.map((row) => {
    // It may hold several; one that is in our way tells more than the one we want.
    const held = (JSON.parse(row.held) as LockMode[]).find((mode) => conflicts(mode, row.wanted));
    const { transaction: _, ...blocker } = holder({ ...row, mode: held ?? row.mode }, { relation: row.relation ?? '' });
    return blocker;
  });
}

/** Each blocker once, with its strongest claim to be named first. */
export function blockersOf(holders: readonly Holder[]): Blocker[] {
  const seen = new Map<string, Blocker>();
  for (const { transaction, ...blocker } of holders) {
    const key = `${blocker.pid} ${transaction}`;
    if (!seen.has(key)) seen.set(key, blocker);
  }
  return [...seen.values()];
}

function holder(row: Row, { relation }: Pick<LockTarget, 'relation'>): Holder {
  const kind =
    row.pid === null
      ? 'prepared-transaction'
      : row.backendType !== 'autovacuum worker'
        ? 'session'
        : row.query?.includes('(to prevent wraparound)') === true
          ? 'wraparound-vacuum'
          : 'autovacuum';
  return {
    kind,
    pid: row.pid,
    transaction: row.transaction,
    application: row.application === '' ? null : row.application,
    user: row.user,
    state: row.state,
    transactionAgeMs: row.ageMs === null ? null : Math.max(0, Math.round(Number(row.ageMs))),
    relation,
    lock: row.mode as LockMode,
    query: row.query === null ? null : kind === 'session' ? shownQuery(row.query) : cut(maskSecrets(row.query)),
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
