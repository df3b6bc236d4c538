import { setTimeout as sleep } from 'node:timers/promises';
import { ensureOwnSchema } from '../db/own-schema.ts';
import type { Session } from '../db/session.ts';
import { quoteIdent } from '../postgres/quote.ts';
import { Problem } from '../problem.ts';

/** Who has a lease that we want. */
export interface LeaseHolder {
  readonly owner: string;
  readonly pid: number;
  /** In UTC, by the server's clock. */
  readonly since: string;
}

/**
 * The right to be the only one who does something, until `lost`. Its token grows with every takeover, so that a process which slept
 * through its lease is refused by {@link assertLease} inside the transaction in which it would write.
 */
export interface Lease {
  readonly schema: string;
  readonly name: string;
  /** A bigint, as text. */
  readonly token: string;
  /** Aborted when someone else has taken over, or when the heartbeat failed for as long as the lease lasts. */
  readonly lost: AbortSignal;
  /** Beats once on this session, and from then on regularly; for a new connection after the old one broke. */
  heartbeat(session: Session): Promise<void>;
  /** Gives it back; another process may have it at once. Never throws for a connection that is gone. */
  release(session: Session): Promise<void>;
}

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

const leaseSteps = (schema: string): readonly string[] => [
  `CREATE TABLE ${quoteIdent(schema)}.lease (
     name text PRIMARY KEY,
     token bigint NOT NULL,
     owner text,
     backend_pid integer,
     backend_start timestamptz,
     acquired_at timestamptz,
     heartbeat_at timestamptz,
     expires_at timestamptz
   );
   COMMENT ON TABLE ${quoteIdent(schema)}.lease IS
     'Who is running migrations or a backfill right now. A row without an owner is free. Rows are kept, because the token must grow.';
   COMMENT ON COLUMN ${quoteIdent(schema)}.lease.token IS 'Grows with every takeover; who holds an older one can no longer write.';
   COMMENT ON COLUMN ${quoteIdent(schema)}.lease.backend_pid IS
     'The holder''s session, as in pg_stat_activity; when it is gone, the lease is free before it expires.';`,
];

/**
 * Waits for a lease and takes it. It polls: a session that waits for an advisory lock holds a snapshot, for which CREATE INDEX
 * CONCURRENTLY of the holder would wait in turn. Throws a Problem (exit 3) that names the holder after `waitMs`.
 */
export async function acquireLease(session: Session, request: LeaseRequest): Promise<Lease> {
  const { schema, name, waitMs, signal } = request;
  await ensureOwnSchema(session, { schema, component: 'lease', steps: leaseSteps(schema) });
  await session.query(`INSERT INTO ${table(schema)} (name, token) VALUES ($1, 0) ON CONFLICT DO NOTHING`, [name]);
  const started = performance.now();
  for (;;) {
    const token = await take(session, request);
    if (token !== null) return keep(session, request, token);
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

/**
 * Throws {@link LeaseLost} unless the lease is still ours, and keeps others from taking it before this transaction ends. Heartbeats
 * go on meanwhile: KEY SHARE conflicts with the FOR UPDATE of a takeover, not with an update of the row.
 */
export async function assertLease(session: Session, lease: Pick<Lease, 'schema' | 'name' | 'token'>): Promise<void> {
  const rows = await session.query(`SELECT FROM ${table(lease.schema)} WHERE name = $1 AND token = $2 FOR KEY SHARE`, [
    lease.name,
    lease.token,
  ]);
  if (rows.length === 0) throw new LeaseLost(lease);
}

const table = (schema: string) => `${quoteIdent(schema)}.lease`;

const EXTEND = `heartbeat_at = pg_catalog.clock_timestamp(),
  expires_at = pg_catalog.clock_timestamp() + $3 * interval '1 millisecond', backend_pid = $4, backend_start = $5`;

/**
 * A lease is free without an owner, when its time is up by the server's clock, or when the owner's session is gone. `backend_start`
 * of other roles is NULL without pg_read_all_stats, and unknown is not gone; the pid can be seen by everyone.
 */
const FREE = `(l.owner IS NULL OR l.expires_at < pg_catalog.clock_timestamp()
               OR NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a
                               WHERE a.pid = l.backend_pid AND (a.backend_start = l.backend_start) IS NOT FALSE))`;

/** SKIP LOCKED: a transaction that has asserted the lease holds it until it ends. */
async function take(session: Session, { schema, name, owner, ttlMs }: LeaseRequest): Promise<string | null> {
  const [row] = await session.query<{ token: string }>(
    `WITH free AS (
       SELECT l.name FROM ${table(schema)} l
        WHERE l.name = $1
          AND ${FREE}
          FOR UPDATE OF l SKIP LOCKED)
     UPDATE ${table(schema)} l
        SET token = l.token + 1, owner = $2, acquired_at = pg_catalog.clock_timestamp(), ${EXTEND}
       FROM free WHERE l.name = free.name
     RETURNING l.token::text AS token`,
    [name, owner, ttlMs, session.pid, session.backendStart],
  );
  return row?.token ?? null;
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
    async release(last) {
      clearInterval(timer);
      await last
        .query(`UPDATE ${table(schema)} SET owner = NULL, expires_at = NULL WHERE name = $1 AND token = $2`, [
          name,
          token,
        ])
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
