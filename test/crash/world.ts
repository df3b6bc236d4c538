import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { backfillGate } from '../../src/cli/backfill-gate.ts';
import { openSession, type Session } from '../../src/db/session.ts';
import { apply, type ApplyOptions } from '../../src/migrate/apply.ts';
import type { ApplyResult } from '../../src/migrate/result.ts';
import { repair } from '../../src/migrate/settle.ts';
import { Problem } from '../../src/problem.ts';
import { DEFAULT_LIMITS } from '../../src/safety/limits.ts';
import { migrations } from '../migrate/support.ts';
import { catalogSnapshot } from '../support/catalog-snapshot.ts';
import { startTiptoe } from '../support/cli.ts';
import { connectionTo } from '../support/database.ts';
import { DEPLOY, type CrashServer } from './crash-server.ts';
import type { Kind } from './kinds.ts';

const RUNNER = { from: 'tester@here pid 1', toolVersion: '0.0.0' };
const LIMITS = { ...DEFAULT_LIMITS, capMs: 30_000, giveUpAfterMs: 30_000 };

/** How a run ended that was told in its result or as a Problem; anything else is a bug of tiptoe's, and thrown. */
export type End = Pick<ApplyResult, 'outcome' | 'exitCode' | 'reason' | 'message' | 'failure'>;

/** Applies the files of a kind in this process. */
export async function applyHere(url: string, kind: Kind, options: Partial<ApplyOptions> = {}): Promise<End> {
  const connection = connectionTo(url);
  const onEvent = options.onEvent ?? (() => {});
  try {
    return await apply({
      connection,
      files: migrations(kind.files),
      schema: 'tiptoe',
      variables: {},
      limits: LIMITS,
      waitForRunnerMs: 30_000,
      runner: RUNNER,
      signal: new AbortController().signal,
      backfills: backfillGate({ connection, schema: 'tiptoe', variables: {}, runner: RUNNER, run: true, onEvent }),
      ...options,
      onEvent,
    });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { outcome: 'refused', exitCode: error.exitCode, reason: 'problem', message: error.message, failure: null };
  }
}

/** Looks whether the statement has happened of which nobody else knows, and says so, as a person would with `tiptoe repair`. */
export async function answer(server: CrashServer, database: string, kind: Kind, happened: string): Promise<void> {
  const { open, rows } = await server.asAdmin(database, async (admin) => ({
    open: await admin.query<{ migration: string; index: number }>(
      `SELECT migration, index FROM tiptoe.migration_statement WHERE state = 'running'`,
    ),
    rows: await admin.query(happened),
  }));
  for (const { migration, index } of open)
    await repair({
      connection: connectionTo(server.url(database)),
      files: migrations(kind.files),
      schema: 'tiptoe',
      runner: RUNNER,
      file: migration,
      statement: index + 1,
      as: rows.length > 0 ? 'applied' : 'pending',
      reason: 'looked at the table',
      confirm: () => Promise.resolve(true),
    });
}

/** The files of a kind in a folder, for the program. */
export async function writeKind(folder: string, { files }: Kind): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

/** Starts the program on a folder of migrations. */
export function startProgram(url: string, folder: string) {
  const limits = ['--cap', '30s', '--give-up-after', '30s', '--run-backfills', '--quiet', '--format', 'json'];
  return startTiptoe(['apply', '--dir', folder, ...limits], { env: { DATABASE_URL: url } });
}

/** Makes a database with tiptoe's own schema in it, as an earlier run has left it. */
export async function makeDatabase(server: CrashServer, database: string, tablespace = 'pg_default'): Promise<void> {
  await server.asAdmin('postgres', (admin) =>
    admin.exec(`CREATE DATABASE ${database} OWNER ${DEPLOY} TEMPLATE template0 TABLESPACE ${tablespace}`),
  );
  const files = {
    '1_a.sql': 'CREATE TABLE t (a int PRIMARY KEY, b int); INSERT INTO t VALUES (1, 2);',
    '2_a.backfill.sql': 'UPDATE t SET b = 1 WHERE b = 2',
  };
  await server.asAdmin(database, (admin) => admin.exec(`ALTER SCHEMA public OWNER TO ${DEPLOY}`));
  const end = await applyHere(server.url(database), { name: 'first', before: '', files });
  if (end.outcome !== 'done') throw new Error(end.message ?? end.outcome);
}

/** Makes a database as it is before a kind is applied; with `bare`, without tiptoe's own schema. */
export async function reset(server: CrashServer, database: string, { before, bare }: Kind): Promise<void> {
  const own = bare === true ? 'ALTER SCHEMA tiptoe RENAME TO kept' : OWN_EMPTY;
  await server.asAdmin(database, async (admin) => {
    await admin.exec(
      `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    await admin.exec(
      `SET client_min_messages = error; SET lock_timeout = '20s'; DROP SCHEMA IF EXISTS s CASCADE; DROP SCHEMA public CASCADE;
       ${OWN_BACK}; ${own};
       SET ROLE ${DEPLOY}; CREATE SCHEMA public; ${before}`,
    );
  });
}

/** Where the kind before has put it aside: the schema as the database was made with, so that every run asks the same. */
const OWN_BACK = `DO $$ BEGIN
  IF to_regnamespace('kept') IS NOT NULL THEN
    DROP SCHEMA IF EXISTS tiptoe CASCADE;
    ALTER SCHEMA kept RENAME TO tiptoe;
  END IF; END $$`;

const OWN_EMPTY = `DO $$ BEGIN
  EXECUTE (SELECT 'TRUNCATE ' || string_agg(oid::regclass::text, ', ') FROM pg_class
            WHERE relkind = 'r' AND relnamespace = 'tiptoe'::regnamespace AND relname <> 'version'); END $$`;

/** All that can be seen of a database afterwards: its schema, its rows, and the ledger without times and people. */
export async function lookAt(server: CrashServer, database: string): Promise<Readonly<Record<string, unknown>>> {
  return server.asAdmin(database, async (admin) => ({
    ...(await catalogSnapshot(admin)),
    rows: await rowsOf(admin),
    migrations: await admin.query(
      'SELECT name, kind, checksum, state, transaction FROM tiptoe.migration ORDER BY name',
    ),
    statements: await admin.query(
      'SELECT migration, index, line, kind, checksum, state FROM tiptoe.migration_statement ORDER BY migration, index',
    ),
    leases: await admin.query('SELECT name FROM tiptoe.lease WHERE owner IS NOT NULL'),
    sessions: await sessionsLeft(admin),
  }));
}

async function rowsOf(admin: Session): Promise<Record<string, unknown>> {
  const tables = await admin.query<{ name: string }>(
    `SELECT oid::regclass::text AS name FROM pg_class
      WHERE relkind = 'r' AND relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 's')) ORDER BY 1`,
  );
  const rows: Record<string, unknown> = {};
  for (const { name } of tables) {
    const [content] = await admin.query(
      `SELECT count(*)::int4 AS count, md5(string_agg(r::text, ',' ORDER BY r::text)) AS hash FROM ${name} r`,
    );
    rows[name] = content;
  }
  return rows;
}

/** A session that says goodbye takes a moment to be gone. */
async function sessionsLeft(admin: Session): Promise<object[]> {
  for (let look = 0; ; look += 1) {
    const left = await admin.query(
      `SELECT application_name, state, query FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'tiptoe: %'`,
    );
    if (left.length === 0 || look === 40) return left;
    await sleep(50);
  }
}

/** Opens a session of the superuser that stays open, for a transaction that keeps others waiting. */
export function adminSession(server: CrashServer, database: string): Promise<Session> {
  const url = new URL(server.url(database));
  url.username = 'postgres';
  return openSession(connectionTo(url.href), { applicationName: 'holder' });
}
