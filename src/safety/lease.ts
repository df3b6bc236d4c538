import { setTimeout as sleep } from 'node:timers/promises';
import { sqlstate } from '../db/errors.ts';
import { ensureOwnSchema } from '../db/own-schema.ts';
import type { Session } from '../db/session.ts';
import { withTransaction } from '../db/transaction.ts';
import { quoteIdent, quoteLiteral } from '../postgres/quote.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import { Problem } from '../problem.ts';

/** Who has a lease that we want. */
export interface LeaseHolder {
  readonly owner: string;
  readonly pid: number;
  /** In UTC, by the server's clock. */
  readonly since: string;
}

/**
 * The right to be the only one who does something, until `lost`. Its token changes with every takeover, so that a process which slept
 * through its lease is refused by {@link assertLease} inside the transaction in which it would write. It is random: a failover may lose
 * the last takeovers, and a counter would then be given out twice.
 */
export interface Lease {
  readonly schema: string;
  readonly name: string;
  /** A uuid. */
  readonly token: string;
  /** Aborted when someone else has taken over, or when the heartbeat failed for as long as the lease lasts. */
  readonly lost: AbortSignal;
  /** Beats once on this session, and from then on regularly; for a new connection after the old one broke. */
  heartbeat(session: Session): Promise<void>;
  /** Writes down which other session does the work, so that a takeover ends it: what it runs outside of a transaction asserts nothing. */
  enlist(worker: Session): Promise<void>;
  /** Gives it back; another process may have it at once. Never throws for a connection that is gone. */
  release(session: Session): Promise<void>;
}

type LeaseToken = Pick<Lease, 'schema' | 'name' | 'token'>;

/** Someone else has taken over since; nothing that was done under the lease may be committed any more. */
export class LeaseLost extends Error {
  constructor(lease: { readonly name: string }) {
    super(`another process has taken over the lease '${lease.name}'`);
    this.name = 'LeaseLost';
  }
}

export interface LeaseRequest {
  readonly schema: string;
  readonly name: string;
  /** Shown to whoever waits: `deploy@ci-7 pid 4242, tiptoe 1.2.0`. */
  readonly owner: string;
  readonly waitMs: number;
  /** After so long without a heartbeat, by the server's clock, anyone may take it. */
  readonly ttlMs: number;
  readonly onWait?: (holder: LeaseHolder) => void;
  readonly signal?: AbortSignal;
  /** What to do next, for the Problem when the wait was in vain. */
  readonly advice?: string;
}

const POLL_MS = 250;
/** A session that is ended is gone after a moment. */
const LEAVING_MS = 5_000;

const leaseSteps = (schema: string): readonly string[] => [
  `CREATE TABLE ${quoteIdent(schema)}.lease (
     name text PRIMARY KEY,
     token uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid(),
     owner text,
     server_start timestamptz,
     backend_pid integer,
     backend_start timestamptz,
     worker_pid integer,
     worker_start timestamptz,
     acquired_at timestamptz,
     heartbeat_at timestamptz,
     expires_at timestamptz
   );
   COMMENT ON TABLE ${quoteIdent(schema)}.lease IS
     'Who is running migrations or a backfill right now. A row without an owner is free.';
   COMMENT ON COLUMN ${quoteIdent(schema)}.lease.token IS
     'Another one after every takeover; who holds an earlier one can no longer write.';
   COMMENT ON COLUMN ${quoteIdent(schema)}.lease.server_start IS
     'pg_postmaster_start_time() of the holder''s server; on any other, as after a failover, the lease is free.';
   COMMENT ON COLUMN ${quoteIdent(schema)}.lease.backend_pid IS
     'The holder''s session, as in pg_stat_activity; when it is gone, the lease is free before it expires.';
   COMMENT ON COLUMN ${quoteIdent(schema)}.lease.worker_pid IS
     'The session that does the work; who takes over ends both.';
   COMMENT ON COLUMN ${quoteIdent(schema)}.lease.expires_at IS
     'By this server''s clock; every heartbeat moves it on.';`,
];

/**
 * Waits for a lease and takes it. It polls: a session that waits for an advisory lock holds a snapshot, for which CREATE INDEX
 * CONCURRENTLY of the holder would wait in turn. Throws a Problem (exit 3) that names the holder after `waitMs`.
 */
export async function acquireLease(session: Session, request: LeaseRequest): Promise<Lease> {
  const { schema, name, waitMs, signal } = request;
  await ensureOwnSchema(session, { schema, component: 'lease', steps: leaseSteps(schema) });
  await session.query(`INSERT INTO ${table(schema)} (name) VALUES ($1) ON CONFLICT DO NOTHING`, [name]);
  const started = performance.now();
  for (;;) {
    const taken = await take(session, request);
    if (taken !== null) {
      const lease = keep(session, request, taken.token);
      try {
        await evict(session, taken, started + waitMs, request);
        return lease;
      } catch (error) {
        await lease.release(session);
        throw error;
      }
    }
    const holder = await currentHolder(session, schema, name);
    if (holder !== null) {
      const waited = performance.now() - started;
      if (waited >= waitMs) throw busy(request, holder);
      request.onWait?.(holder);
    }
    await sleep(POLL_MS / 2 + Math.random() * POLL_MS, undefined, signal === undefined ? {} : { signal });
  }
}

/** Who has a lease right now, for those who only want to know; null when it is free. Needs no table of ours to exist. */
export async function leaseHolder(session: Session, schema: string, name: string): Promise<LeaseHolder | null> {
  const [there] = await session.query('SELECT WHERE pg_catalog.to_regclass($1) IS NOT NULL', [table(schema)]);
  return there === undefined ? null : currentHolder(session, schema, name, `AND NOT ${FREE}`);
}

/** Leases whose names begin with a prefix and that somebody has right now. The table is there. */
export async function heldLeases(session: Session, schema: string, prefix: string): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT l.name FROM ${table(schema)} l WHERE pg_catalog.starts_with(l.name, $1) AND NOT ${FREE} ORDER BY l.name`,
    [prefix],
  );
  return rows.map(({ name }) => name);
}

/** A condition: somebody has the lease whose name an expression gives. */
export function isHeldSql(schema: string, name: string): string {
  return `EXISTS (SELECT FROM ${table(schema)} l WHERE l.name = ${name} AND NOT ${FREE})`;
}

/**
 * Removes leases whose holders are gone; who slept through one finds that it is. One whose transaction is still under way is left for
 * the next time.
 */
export async function forgetLeases(session: Session, schema: string, prefix: string): Promise<void> {
  await session.query(
    `DELETE FROM ${table(schema)} WHERE name = ANY (ARRAY(
       SELECT l.name FROM ${table(schema)} l
        WHERE pg_catalog.starts_with(l.name, $1) AND l.owner IS NOT NULL AND ${FREE} FOR UPDATE OF l SKIP LOCKED))`,
    [prefix],
  );
}

/** Gives a lease back whose name will not be used again. Never throws for a connection that is gone. */
export async function removeLease(session: Session, lease: Lease): Promise<void> {
  await lease.release(session);
  await session
    .query(`DELETE FROM ${table(lease.schema)} WHERE name = $1 AND token = $2`, [lease.name, lease.token])
    .catch(() => undefined);
}

/**
 * Throws {@link LeaseLost} unless the lease is still ours, and keeps others from taking it before this transaction ends. Heartbeats
 * go on meanwhile: KEY SHARE conflicts with the FOR UPDATE of a takeover, not with an update of the row. Resolves with the number of the
 * transaction, when it has one.
 */
export async function assertLease(session: Session, lease: LeaseToken): Promise<string | null> {
  const [row] = await session.query<{ xid: string | null }>(
    `SELECT pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text AS xid
       FROM ${table(lease.schema)} WHERE name = $1 AND token = $2 FOR KEY SHARE`,
    [lease.name, lease.token],
  );
  if (row === undefined) throw new LeaseLost(lease);
  return row.xid;
}

/**
 * Runs `work` in a transaction in which the lease has been asserted, as {@link assertLease} does, in the message that begins it.
 */
export function underLease<T>(session: Session, lease: LeaseToken, work: () => Promise<T>): Promise<T> {
  const { schema, name, token } = lease;
  return withTransaction(
    session,
    async (begun) => {
      if (begun.at(-1)?.rowCount !== 1) throw new LeaseLost(lease);
      return work();
    },
    `BEGIN; SELECT FROM ${table(schema)} WHERE name = ${quoteLiteral(name)} AND token = ${quoteLiteral(token)} FOR KEY SHARE`,
  );
}

const table = (schema: string) => `${quoteIdent(schema)}.lease`;

const EXTEND = `heartbeat_at = pg_catalog.clock_timestamp(),
  expires_at = pg_catalog.clock_timestamp() + $3 * interval '1 millisecond',
  server_start = pg_catalog.pg_postmaster_start_time(), backend_pid = $4, backend_start = $5`;

/**
 * Whether a row of pg_stat_activity is a session that was written down. `backend_start` of other roles is NULL without pg_read_all_stats;
 * then everyone still sees the pid and the name that we go by.
 */
const isSession = (pid: string, start: string) =>
  `a.pid = ${pid} AND (a.backend_start = ${start} OR (a.backend_start IS NULL AND a.application_name LIKE 'tiptoe%'))`;

/**
 * A lease is free without an owner, when its time is up by the server's clock, or when the owner's session is gone: with its server, or
 * by itself. A pid means nothing on another server.
 */
const FREE = `(l.owner IS NULL OR l.expires_at < pg_catalog.clock_timestamp()
               OR l.server_start <> pg_catalog.pg_postmaster_start_time()
               OR NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a
                               WHERE ${isSession('l.backend_pid', 'l.backend_start')}))`;

interface Taken {
  readonly token: string;
  /** Who had it before, on this server; null when it was given back. */
  readonly before: string | null;
  /** The sessions of that one. */
  readonly control: Backend;
  readonly worker: Backend;
}

interface Backend {
  readonly pid: number | null;
  readonly start: string | null;
}

/** SKIP LOCKED: a transaction that has asserted the lease holds it until it ends. */
async function take(session: Session, { schema, name, owner, ttlMs }: LeaseRequest): Promise<Taken | null> {
  const [row] = await session.query<TakenRow>(
    `WITH free AS (
       SELECT l.* FROM ${table(schema)} l
        WHERE l.name = $1
          AND ${FREE}
          FOR UPDATE OF l SKIP LOCKED)
     UPDATE ${table(schema)} l
        SET token = pg_catalog.gen_random_uuid(), owner = $2, acquired_at = pg_catalog.clock_timestamp(),
            worker_pid = NULL, worker_start = NULL, ${EXTEND}
       FROM free WHERE l.name = free.name
     RETURNING l.token,
               CASE WHEN free.server_start = pg_catalog.pg_postmaster_start_time() THEN free.owner END AS before,
               free.backend_pid AS "controlPid", free.backend_start::pg_catalog.text AS "controlStart",
               free.worker_pid AS "workerPid", free.worker_start::pg_catalog.text AS "workerStart"`,
    [name, owner, ttlMs, session.pid, session.backendStart],
  );
  if (row === undefined) return null;
  const { token, before, controlPid, controlStart, workerPid, workerStart } = row;
  return {
    token,
    before,
    control: { pid: controlPid, start: controlStart },
    worker: { pid: workerPid, start: workerStart },
  };
}

interface TakenRow {
  readonly token: string;
  readonly before: string | null;
  readonly controlPid: number | null;
  readonly controlStart: string | null;
  readonly workerPid: number | null;
  readonly workerStart: string | null;
}

/**
 * Ends the sessions of the runner that had the lease before: it may only sleep, and would go on where it was when it wakes up. A
 * statement that is under way is left alone; whoever wants to know what became of it waits for it. Throws a Problem (exit 3) when they
 * are still there at `deadline`.
 */
async function evict(session: Session, taken: Taken, deadline: number, request: LeaseRequest): Promise<void> {
  const { before, control, worker } = taken;
  if (before === null) return;
  const last = Math.max(deadline, performance.now() + LEAVING_MS);
  for (;;) {
    const there = [
      ...(await endBackend(session, control, '')),
      ...(await endBackend(session, worker, `AND a.state IS DISTINCT FROM 'active'`)),
    ];
    if (there.length === 0) return;
    if (performance.now() >= last) throw stillThere(request, before, there);
    await sleep(POLL_MS / 5, undefined, request.signal === undefined ? {} : { signal: request.signal });
  }
}

/** Ends a session if it is there, and returns its pid then; a role that may not end it leaves it to others. */
async function endBackend(session: Session, { pid, start }: Backend, condition: string): Promise<number[]> {
  if (pid === null || start === null || pid === session.pid) return [];
  const isIt = `${isSession(String(pid), `${quoteLiteral(start)}::pg_catalog.timestamptz`)} ${condition}`;
  const there = await session.query(`SELECT FROM pg_catalog.pg_stat_activity a WHERE ${isIt}`);
  if (there.length === 0) return [];
  try {
    // As the role that logged in: one taken on since may not signal it.
    await session.exec(
      `SET LOCAL ROLE NONE; SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a WHERE ${isIt}`,
    );
  } catch (error) {
    if (sqlstate(error) !== SQLSTATE.insufficient_privilege) throw error;
  }
  return [pid];
}

async function currentHolder(
  session: Session,
  schema: string,
  name: string,
  condition = 'AND l.owner IS NOT NULL',
): Promise<LeaseHolder | null> {
  const [row] = await session.query<LeaseHolder>(
    `SELECT l.owner, l.backend_pid AS pid, pg_catalog.to_char(l.acquired_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
       FROM ${table(schema)} l WHERE l.name = $1 ${condition}`,
    [name],
  );
  return row ?? null;
}

function keep(first: Session, { schema, name, ttlMs }: LeaseRequest, token: string): Lease {
  const lost = new AbortController();
  let session = first;
  let beatAt = performance.now();
  const beat = async (): Promise<void> => {
    const rows = await session.query(
      `UPDATE ${table(schema)} SET ${EXTEND}
        WHERE name = $1 AND token = $2 AND owner IS NOT NULL RETURNING name`,
      [name, token, ttlMs, session.pid, session.backendStart],
    );
    if (rows.length === 0) {
      const reason = new LeaseLost({ name });
      lost.abort(reason);
      throw reason;
    }
    beatAt = performance.now();
  };
  const timer = setInterval(() => {
    beat().catch(() => {
      // A broken connection may come back in time; the lease is given up only when its time is up.
      if (performance.now() - beatAt > ttlMs) lost.abort(new LeaseLost({ name }));
      if (lost.signal.aborted) clearInterval(timer);
    });
  }, ttlMs / 3);
  timer.unref();
  return {
    schema,
    name,
    token,
    lost: lost.signal,
    async heartbeat(next) {
      session = next;
      await beat();
    },
    async enlist(worker) {
      const rows = await session.query(
        `UPDATE ${table(schema)} SET worker_pid = $3, worker_start = $4 WHERE name = $1 AND token = $2 RETURNING name`,
        [name, token, worker.pid, worker.backendStart],
      );
      if (rows.length === 0) throw new LeaseLost({ name });
    },
    async release(last) {
      clearInterval(timer);
      await last
        .query(
          `UPDATE ${table(schema)} SET owner = NULL, expires_at = NULL, worker_pid = NULL WHERE name = $1 AND token = $2`,
          [name, token],
        )
        .catch(() => undefined);
    },
  };
}

function busy({ name, waitMs, advice }: LeaseRequest, holder: LeaseHolder): Problem {
  return new Problem(
    `Another tiptoe holds '${name}' since ${holder.since}: ${holder.owner} (waited ${Math.round(waitMs / 1000)} s).`,
    { exitCode: 3, advice: advice ?? 'Run again when it is done.' },
  );
}

function stillThere({ name }: LeaseRequest, before: string, pids: readonly number[]): Problem {
  const sessions = pids.map((pid) => `pid ${pid}`).join(' and ');
  return new Problem(
    `'${name}' was held by ${before}, whose time is up, but its sessions are still there (${sessions}) and this role may not end them.`,
    {
      exitCode: 3,
      advice: `As a role that may: SELECT ${pids.map((pid) => `pg_terminate_backend(${pid})`).join(', ')}; then run again.`,
    },
  );
}
