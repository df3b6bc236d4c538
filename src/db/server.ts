import { SQLSTATE } from '../postgres/sqlstate.ts';
import { Problem } from '../problem.ts';
import type { ConnectionSettings } from './connection.ts';
import { describe } from './connection.ts';
import { sqlstate } from './errors.ts';
import type { Session } from './session.ts';
import { PAST_THE_POOLER, withSession } from './session.ts';

const OLDEST_VERSION = 13;

/** What we are connected to, and as whom. */
export interface Server {
  /** The major version. */
  readonly version: number;
  /** As in server_version_num: 180004. */
  readonly versionNum: number;
  readonly isStandby: boolean;
  /** Whether transactions of this session cannot write. */
  readonly readOnly: boolean;
  readonly database: string;
  readonly user: string;
  readonly isSuperuser: boolean;
  /** Whether other roles' queries and transaction times are visible (pg_read_all_stats, part of pg_monitor). */
  readonly seesAllActivity: boolean;
  /** Whether other roles' backends can be cancelled (pg_signal_backend); a superuser's only by superusers. */
  readonly cancelsOthers: boolean;
}

/** Throws a Problem for a version that tiptoe does not know; by itself, as what else is asked may not exist on an old server. */
export async function readVersion(session: Session): Promise<Pick<Server, 'version' | 'versionNum'>> {
  const [setting] = await session.query<{ versionNum: number }>(
    `SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS "versionNum"`,
  );
  const versionNum = setting?.versionNum ?? 0;
  return { version: knownVersion(versionNum, session.connection), versionNum };
}

/** Reads the server's version and role; throws a Problem for a version that tiptoe does not know. */
export async function readServer(session: Session): Promise<Server> {
  const known = await readVersion(session);
  const [server] = await session.query<Omit<Server, 'version' | 'versionNum'>>(
    `SELECT pg_catalog.pg_is_in_recovery() AS "isStandby",
            pg_catalog.current_setting('transaction_read_only')::pg_catalog.bool AS "readOnly",
            pg_catalog.current_database() AS "database",
            current_user AS "user",
            pg_catalog.current_setting('is_superuser')::pg_catalog.bool AS "isSuperuser",
            pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS "seesAllActivity",
            pg_catalog.pg_has_role('pg_signal_backend', 'USAGE') AS "cancelsOthers"`,
  );
  if (server === undefined) throw new Error('the server did not say what it is');
  return { ...server, ...known };
}

/** The major version of a `server_version_num`; throws a Problem for one that is too old. */
export function knownVersion(versionNum: number, connection: ConnectionSettings): number {
  const version = Math.trunc(versionNum / 10_000);
  if (version >= OLDEST_VERSION) return version;
  // Before 10 the first two numbers were the version: 90624 is 9.6.24.
  const name = version >= 10 ? String(version) : `${version}.${Math.trunc(versionNum / 100) % 100}`;
  throw new Problem(`${describe(connection)} runs PostgreSQL ${name}.`, {
    advice: `tiptoe works with PostgreSQL ${OLDEST_VERSION} and newer.`,
  });
}

/** Throws a Problem for a server that cannot be written to. */
export function requirePrimary(server: Server, connection: ConnectionSettings): void {
  if (server.isStandby) {
    throw new Problem(`${describe(connection)} is a standby.`, {
      advice:
        'Connect to its primary; schema changes reach the standby by themselves. Of several hosts (host1,host2) tiptoe takes the primary.',
    });
  }
  if (server.readOnly) {
    throw new Problem(`Transactions on ${describe(connection)} are read-only (default_transaction_read_only is on).`, {
      advice: `Connect to the writable server, or ask why this is set for database ${server.database} or role ${server.user}.`,
    });
  }
}

/**
 * Throws a Problem when two sessions of one connection have reached different servers: by a load balancer, or a failover between them.
 * Then neither sees the other's locks nor can end its work.
 */
export async function requireSameServer(first: Session, second: Session): Promise<void> {
  if ((await serverStart(first)) === (await serverStart(second))) return;
  throw new Problem(`Two connections to ${describe(first.connection)} have reached different servers.`, {
    advice: 'Give the address of the primary itself, not of a load balancer or of a name with several servers.',
  });
}

async function serverStart(session: Session): Promise<string | undefined> {
  const [row] = await session.query<{ start: string }>(
    `SELECT extract(epoch FROM pg_catalog.pg_postmaster_start_time())::pg_catalog.text AS start`,
  );
  return row?.start;
}

const PROBES = 3;

/**
 * Whether a connection pooler gives the session another backend from one transaction to the next (PgBouncer's
 * transaction and statement pooling). A second session holds a transaction open on the backend that such a pooler
 * has just got back from the first one: then either both are on one backend, or the first one has moved.
 */
export async function detectPooler(session: Session): Promise<boolean> {
  return withSession(session.connection, { applicationName: 'tiptoe pooler check' }, (other) =>
    shareBackends(session, other),
  );
}

async function shareBackends(session: Session, other: Session): Promise<boolean> {
  for (let probe = 0; probe < PROBES; probe += 1) {
    if ((await backendPid(session)) !== session.pid) return true;
    try {
      await other.exec('BEGIN');
    } catch (error) {
      // Statement pooling has no transactions.
      if (sqlstate(error) === SQLSTATE.protocol_violation) return true;
      throw error;
    }
    const taken = await backendPid(other);
    if (taken === session.pid) return true;
    if ((await backendPid(session)) !== session.pid) return true;
    await other.exec('ROLLBACK');
  }
  return false;
}

/**
 * Throws a Problem when a transaction pooler is in between: limits and locks would land on other backends. `other` is a second session
 * of the same connection, where there is one; it has no transaction open.
 */
export async function requireDirect(session: Session, other?: Session): Promise<void> {
  if (!(await (other === undefined ? detectPooler(session) : shareBackends(session, other)))) return;
  throw new Problem(`${describe(session.connection)} is a connection pooler that shares sessions between clients.`, {
    advice: PAST_THE_POOLER,
  });
}

async function backendPid(session: Session): Promise<number | undefined> {
  const [row] = await session.query<{ pid: number }>('SELECT pg_catalog.pg_backend_pid() AS pid');
  return row?.pid;
}
