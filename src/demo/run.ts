import { setTimeout as sleep } from 'node:timers/promises';
import { resolveConnection } from '../db/connection.ts';
import { withSession } from '../db/session.ts';
import { startScratchServer, type ScratchServer } from '../scratch/scratch-server.ts';
import { loadParser } from '../sql/libpg.ts';
import { addColumn, createIndex, createTables } from './apply-act.ts';
import { backfillWithPause } from './backfill-act.ts';
import { createDatabases, type Database } from './databases.ts';
import { lintUnsafe, reportFindings } from './lint-act.ts';
import { behindLongReader } from './long-reader.ts';
import { runAsPsql } from './naive-act.ts';
import type { DemoReport, PhaseReport } from './report.ts';
import { FILL_COLUMN, safeMigrations, unsafeMigration } from './shop.ts';
import { type DemoOptions, type Stage, underTraffic } from './stage.ts';

/** The newest that tiptoe knows. */
const VERSION = 18;
const CALM_MS = 2_500;

/**
 * Shows the whole job on a PostgreSQL of its own: one change to a busy table, by tiptoe and, on copies of the database, the usual way.
 * The server is gone when it ends, however it ends. Throws a Problem (exit 2) where there is no server to start.
 */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const { signal, onEvent } = options;
  const startedAt = performance.now();
  onEvent({ event: 'starting' });
  await loadParser();
  const server = await startScratchServer({ version: VERSION, signal });
  try {
    const stage = await setUp(server, options);
    const phases: PhaseReport[] = [];
    const unsafe = lintUnsafe(VERSION);
    const backfill = await underTraffic(stage, 'shop', phases, async (measure) => {
      onEvent({ event: 'traffic' });
      await measure({ name: 'calm', kind: 'calm' }, () => sleep(CALM_MS, undefined, { signal }));
      onEvent({ event: 'linted', file: unsafe });

      await measure({ name: 'apply', kind: 'tiptoe' }, () => whileReading(stage, 'shop', () => addColumn(stage)));
      const done = await measure({ name: 'backfill', kind: 'tiptoe' }, () => backfillWithPause(stage));
      await measure({ name: 'index', kind: 'tiptoe' }, () => createIndex(stage));
      return done;
    });
    await naiveMigration(stage, phases);
    await naiveBackfill(stage, phases);
    return {
      version: 1,
      pgVersion: VERSION,
      durationMs: Math.round(performance.now() - startedAt),
      phases,
      findings: reportFindings(unsafe),
      backfill,
    };
  } finally {
    await server.stop();
  }
}

async function setUp(server: ScratchServer, options: DemoOptions): Promise<Stage> {
  const { signal, onEvent } = options;
  const admin = resolveConnection({ databaseUrl: server.url, env: {} });
  const version = await withSession(admin, { applicationName: 'tiptoe demo' }, async (session) => {
    const [row] = await session.query<{ version: string }>(`SELECT current_setting('server_version') AS version`);
    return row?.version ?? String(server.version);
  });
  onEvent({ event: 'server', version, port: admin.port });
  const connect = await createDatabases(server.url, (owner) => createTables(options, owner), signal);
  return { ...options, connect };
}

function whileReading<T>({ connect, signal }: Stage, database: Database, work: () => Promise<T>): Promise<T> {
  return behindLongReader(connect(database, 'report'), signal, work);
}

/** The unsafe migration, while the same reader holds the table. */
async function naiveMigration(stage: Stage, phases: PhaseReport[]): Promise<void> {
  const { connect, signal } = stage;
  await underTraffic(stage, 'shop_psql', phases, (measure) =>
    measure({ name: 'naive-migration', kind: 'naive' }, () =>
      whileReading(stage, 'shop_psql', () => runAsPsql(connect('shop_psql', 'owner'), unsafeMigration, signal)),
    ),
  );
}

/** All rows in one UPDATE; the column is there already. */
async function naiveBackfill(stage: Stage, phases: PhaseReport[]): Promise<void> {
  const { connect, signal } = stage;
  const owner = connect('shop_update', 'owner');
  await runAsPsql(owner, safeMigrations.addColumn, signal);
  await underTraffic(stage, 'shop_update', phases, (measure) =>
    measure({ name: 'naive-backfill', kind: 'naive' }, () =>
      runAsPsql(owner, { path: 'psql', text: FILL_COLUMN }, signal),
    ),
  );
}
