import { setTimeout as sleep } from 'node:timers/promises';
import { type AuditFinding, notChecked, reported, type Severities } from '../audit/audit.ts';
import type { AuditContext, Check, OwnTable, ServerDefaults, Unseen } from '../audit/check.ts';
import { isConnectionLost, isSqlFailure, type SqlFailure } from '../db/errors.ts';
import { readServer } from '../db/server.ts';
import type { Session } from '../db/session.ts';
import { withTransaction } from '../db/transaction.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';

/** Who audits gives way to everybody: a check that takes longer, or that waits behind a lock, is given up. */
const LIMITS = `SET LOCAL statement_timeout = '15s'; SET LOCAL lock_timeout = '500ms'; SET LOCAL search_path = pg_catalog;
  SET LOCAL idle_in_transaction_session_timeout = '30s'; SET LOCAL jit = off`;

function read<T>(session: Session, work: () => Promise<T>): Promise<T> {
  return withTransaction(session, work, `BEGIN READ ONLY; ${LIMITS}`);
}

type Facts = Omit<AuditContext, 'settings' | 'budgets'>;

/** What the checks want to know of the server beforehand. */
export async function readAuditContext(session: Session, schema: string): Promise<Facts> {
  const { version, database, user, isStandby } = await readServer(session);
  // Before any limit of ours: it would stand in place of the session's own.
  const defaults = await readDefaults(session);
  return read(session, async () => {
    const [row] = await session.query<{ since: string | null; seconds: string | null; standbys: number }>(
      `SELECT to_char(c.since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since,
              extract(epoch FROM clock_timestamp() - c.since)::text AS seconds,
              (SELECT count(*)::int4 FROM pg_stat_replication) AS standbys
         FROM (SELECT coalesce(d.stats_reset, b.stats_reset) AS since
                 FROM pg_stat_database d, pg_stat_bgwriter b WHERE d.datname = current_database()) c`,
    );
    const own = await session.query<{ name: string; readable: boolean }>(
      `SELECT c.relname AS name, has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS readable
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname IN ('migration', 'lease') AND c.relkind = 'r'`,
      [schema],
    );
    return {
      version,
      database,
      user,
      isStandby,
      standbys: row?.standbys ?? 0,
      countingSince: row?.since ?? null,
      countingSeconds: row?.seconds === null || row === undefined ? null : Number(row.seconds),
      defaults,
      schema,
      ledger: ledgerOf(own),
    };
  });
}

/** The ledger says what was begun, the leases who is still at it. */
function ledgerOf(own: readonly { name: string; readable: boolean }[]): OwnTable {
  if (own.length < 2) return 'absent';
  return own.every(({ readable }) => readable) ? 'readable' : 'hidden';
}

/** Where a setting of our session comes from, when it is the one that everybody gets. */
const SHARED = ['default', 'environment variable', 'configuration file', 'command line', 'global', 'override'];

async function readDefaults(session: Session): Promise<ServerDefaults> {
  const rows = await session.query<{ name: string; value: string; source: string }>(
    `SELECT name, reset_val AS value, source FROM pg_catalog.pg_settings
      WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')`,
  );
  return Object.fromEntries(rows.map(({ name, value, source }) => [name, SHARED.includes(source) ? value : null]));
}

/**
 * Runs the checks one after the other, each in a read-only transaction with limits of its own. What one cannot see, or does not get in
 * time, is a finding of `teller`. With `sampleMs`, counters are read twice, so long apart.
 */
export async function runChecks(
  session: Session,
  checks: readonly Check[],
  context: AuditContext,
  { teller, severities, sampleMs }: { teller: Check; severities: Severities; sampleMs: number | null },
): Promise<AuditFinding[]> {
  const earlier = sampleMs === null ? new Map<Check, Look>() : await firstLooks(session, checks, context, sampleMs);
  const findings: (AuditFinding | null)[] = [];
  const tell = (check: Check, unseen: Unseen): void => {
    findings.push(notChecked(check, unseen, teller, severities));
  };
  for (const check of checks) {
    const sql = check.sql(context);
    if (sql === null) continue;
    if (typeof sql !== 'string') {
      tell(check, sql);
      continue;
    }
    try {
      const now = await look(session, sql);
      const before = earlier.get(check);
      const sample = before === undefined ? null : { earlier: before.rows, seconds: now.at - before.at };
      for (const verdict of check.judge(now.rows, context, sample)) {
        if (verdict.kind === 'unseen') tell(check, verdict);
        else findings.push(reported(check, verdict, severities));
      }
    } catch (error) {
      if (!isSqlFailure(error) || isConnectionLost(error)) throw error;
      tell(check, whyNot(error, context));
    }
  }
  return findings.filter((finding) => finding !== null);
}

interface Look {
  readonly rows: readonly object[];
  /** By our own clock that never goes back, in seconds. */
  readonly at: number;
}

async function look(session: Session, sql: string): Promise<Look> {
  return read(session, async () => ({ rows: await session.query<object>(sql), at: performance.now() / 1_000 }));
}

async function firstLooks(
  session: Session,
  checks: readonly Check[],
  context: AuditContext,
  sampleMs: number,
): Promise<Map<Check, Look>> {
  const looks = new Map<Check, Look>();
  for (const check of checks.filter(({ sampled }) => sampled === true)) {
    const sql = check.sql(context);
    if (typeof sql !== 'string') continue;
    try {
      looks.set(check, await look(session, sql));
    } catch (error) {
      // The second look tells it.
      if (!isSqlFailure(error) || isConnectionLost(error)) throw error;
    }
  }
  if (looks.size > 0) await pause(session, sampleMs);
  return looks;
}

/** Ends at once when the connection goes away. */
async function pause({ lost }: Session, ms: number): Promise<void> {
  try {
    await sleep(ms, undefined, { signal: lost });
  } catch (error) {
    throw lost.aborted ? lost.reason : error;
  }
}

function whyNot({ sqlstate, message }: SqlFailure, { user }: AuditContext): Unseen {
  const look = 'SELECT pid, state, wait_event_type, wait_event FROM pg_stat_activity;';
  if (sqlstate === SQLSTATE.query_canceled)
    return {
      kind: 'unseen',
      message: 'its query took too long and was given up',
      look,
      instead: 'Try again when the server is less busy.',
    };
  if (sqlstate === SQLSTATE.lock_not_available)
    return {
      kind: 'unseen',
      message: 'someone holds a lock that its query would have waited for',
      look,
      instead: 'Try again in a moment.',
    };
  return {
    kind: 'unseen',
    message: `the server refused its query: ${message}`,
    look,
    instead:
      sqlstate === SQLSTATE.insufficient_privilege
        ? `Run it as a role with pg_monitor, or: GRANT pg_monitor TO ${user};`
        : 'Run psql with the same URL to see more.',
  };
}
