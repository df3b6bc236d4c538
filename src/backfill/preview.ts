import type { ConnectionSettings } from '../db/connection.ts';
import { readServer, requirePrimary } from '../db/server.ts';
import { applySettings, type Session, withSession } from '../db/session.ts';
import type { Problem } from '../problem.ts';
import { accessProblem } from './access.ts';
import { rangeValues } from './batches.ts';
import { batchCautions, meanwhileCaution } from './cautions.ts';
import {
  fullScanProblem,
  fullScans,
  type PlannedBatch,
  scanWarnings,
  typicalBatch,
  unindexedReference,
} from './full-scan.ts';
import {
  type BackfillSource,
  currentSettings,
  type Job,
  prepareJob,
  requireSameJob,
  registrationOf,
  settleSpec,
} from './job.ts';
import { readLeaf } from './leaf.ts';
import { batchSession } from './link.ts';
import { openRanges } from './ranges.ts';
import { findRange } from './remaining.ts';
import { DEFAULT_SETTINGS, describeSettings, type Settings } from './settings.ts';
import { openStore, type Store } from './store.ts';
import { estimateRows } from './target.ts';

/** What a backfill would run, without running it. */
export interface Preview {
  readonly name: string;
  readonly table: string;
  readonly key: readonly string[];
  readonly settings: readonly string[];
  readonly rowsTotal: number;
  readonly rowsTotalExact: boolean;
  /** null where there are no keys. */
  readonly batch: {
    /** For any range of keys, with parameters. */
    readonly sql: string;
    readonly parameters: readonly string[];
    readonly keys: number;
    /** EXPLAIN, as the server prints it. */
    readonly plan: readonly string[];
  } | null;
  readonly warnings: readonly string[];
  /** Why `backfill run` would refuse it. */
  readonly problem: Problem | null;
}

export interface PreviewRequest {
  readonly connection: ConnectionSettings;
  readonly schema: string;
  readonly source: BackfillSource;
  readonly settings?: Partial<Settings>;
}

/**
 * What would run next, explained by the server; needs `loadParser()`. The session is read-only: nothing is written, and no tables are
 * made. Throws the same Problems as a real start.
 */
export async function previewBackfill({
  connection,
  schema,
  source,
  settings: flags = {},
}: PreviewRequest): Promise<Preview> {
  const options = { applicationName: `tiptoe backfill ${source.name}` };
  return withSession(connection, options, async (session) => {
    requirePrimary(await readServer(session), connection);
    await applySettings(session, { default_transaction_read_only: 'on' });
    await batchSession(session, DEFAULT_SETTINGS);
    const store = openStore(schema);
    const there = await store.exists(session);
    const { spec, stored } = await settleSpec(session, there ? store : withoutBooks(store), source);
    const job = await prepareJob(session, spec);
    const settings = currentSettings(spec, stored, flags);
    if (stored !== null) requireSameJob(registrationOf(job, spec, settings), stored, schema);
    const { name, target } = job;
    const batch =
      (there ? await nextBatch(session, schema, job, settings.batchSize) : null) ??
      (await typicalBatch(session, job, settings.batchSize));
    const scans = batch === null ? [] : await fullScans(session, job, batch);
    const { rows, exact } = await estimateRows(session, target);
    return {
      name,
      table: target.shown,
      key: target.key.map((column) => column.name),
      settings: describeSettings(settings),
      rowsTotal: rows,
      rowsTotalExact: exact,
      batch: batch === null ? null : await explain(session, batch),
      warnings: [...batchCautions(job), ...meanwhileCaution(job), ...scanWarnings(scans)],
      problem: fullScanProblem(scans, job) ?? (await unindexedReference(session, job)),
    };
  }).catch((error: unknown) => {
    throw accessProblem(error, connection, schema);
  });
}

/** Of a database that has no tables of ours yet. */
function withoutBooks(store: Store): Store {
  return { ...store, load: () => Promise.resolve(null), list: () => Promise.resolve([]) };
}

/** The batch after the checkpoint; null where none was begun, or all are done. */
async function nextBatch(session: Session, schema: string, job: Job, keys: number): Promise<PlannedBatch | null> {
  const ranges = await openRanges(schema, job.name).list(session);
  for (const { done, leftOut, tableOid, lastKey, upper } of ranges) {
    if (done || leftOut !== null || lastKey === null) continue;
    const leaf = await readLeaf(session, job, tableOid);
    const range = leaf === null ? null : await findRange(session, leaf, { after: lastKey, upper }, keys);
    if (leaf !== null && range !== null) return { leaf, sql: leaf.sql.next, range };
  }
  return null;
}

async function explain(session: Session, { sql, range }: PlannedBatch): Promise<Preview['batch']> {
  const parameters = rangeValues(range);
  const lines = await session.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${sql}`, parameters);
  return { sql, parameters, keys: range.keys, plan: lines.map((line) => line['QUERY PLAN']) };
}
