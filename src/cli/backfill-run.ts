import type { BackfillEvent, BackfillResult } from '../backfill/event.ts';
import { previewBackfill } from '../backfill/preview.ts';
import { describeLag } from '../backfill/lag.ts';
import { runBackfill } from '../backfill/run.ts';
import { ASKED_TO_PAUSE } from '../backfill/steering.ts';
import { meanwhileLines, upkeepLines } from './backfill-upkeep.ts';
import { describeVerified, publishVerified } from './backfill-verified.ts';
import { resolveConnection } from '../db/connection.ts';
import { printable } from '../report/printable.ts';
import { loadParser } from '../sql/libpg.ts';
import { type BackfillFigures, counted, showBackfill, showOthers } from '../terminal/backfill-progress.ts';
import { liveLine, type LiveLine } from '../terminal/live-line.ts';
import type { MetricsServer } from './backfill-metrics.ts';
import { readSettings, type RunOptions } from './backfill-options.ts';
import { showPreview } from './backfill-preview.ts';
import { stopSignals } from './backfill-signals.ts';
import { findSource } from './backfill-source.ts';
import type { ExitCode } from './exit.ts';
import { runner } from './runner.ts';

/** `tiptoe backfill run` */
export async function runFromCommandLine(given: string, options: RunOptions): Promise<ExitCode> {
  const settings = readSettings(options);
  await loadParser();
  const source = await findSource(given, options);
  const connection = resolveConnection({ databaseUrl: options.databaseUrl, env: process.env });
  if (options.dryRun === true) {
    const preview = await previewBackfill({ connection, schema: options.schema, source, settings });
    return showPreview(preview, options);
  }
  const line = options.quiet === true ? null : liveLine(process.stderr, LINE_EVERY_MS);
  const { from, toolVersion } = runner();
  let atWork = false;
  const stop = stopSignals(
    (text) => line?.note(text),
    () => atWork,
  );
  const report = reporter(options.format, line, source.name);
  const metrics = await startMetrics(options, source.name);
  if (metrics !== null) line?.note(`${source.name}: metrics at ${metrics.url}`);
  try {
    const result = await runBackfill({
      connection,
      schema: options.schema,
      source,
      settings,
      owner: `${from}, tiptoe ${toolVersion}`,
      ...(options.workers === undefined ? {} : { workers: options.workers }),
      waitForRunnerMs: options.waitForRunner,
      reconnectForMs: options.reconnectFor,
      skipPoison: options.skipPoison === true,
      allowFullScan: options.allowFullScan === true,
      resume: options.resume === true,
      environment: process.env,
      exactTotal: options.exactTotal === true,
      pause: stop.pause,
      cancelBatch: stop.cancelBatch,
      onEvent(event) {
        if (event.event === 'started') atWork = true;
        metrics?.observe(event);
        report(event);
      },
    });
    line?.clear();
    if (options.format === 'json') process.stdout.write(`${JSON.stringify({ version: 1, ...published(result) })}\n`);
    if (options.format === 'pretty') process.stdout.write(`${printable(summary(result, given))}\n`);
    if (options.format === 'pretty' && line !== null)
      for (const text of afterwards(result)) line.note(printable(`${source.name}: ${text}`));
    return EXIT_CODES[result.outcome];
  } finally {
    stop.release();
    metrics?.close();
    line?.clear();
  }
}

/** Where there is no terminal; a backfill may run for weeks. */
const LINE_EVERY_MS = 60_000;

/** The library is loaded only for those who ask. */
async function startMetrics({ metricsPort, metricsHost }: RunOptions, name: string): Promise<MetricsServer | null> {
  if (metricsPort === undefined) return null;
  const { serveMetrics } = await import('./backfill-metrics.ts');
  return serveMetrics({ host: metricsHost, port: metricsPort, name });
}

const EXIT_CODES: Readonly<Record<BackfillResult['outcome'], ExitCode>> = {
  succeeded: 0,
  paused: 3,
  'gave-up': 1,
  failed: 1,
  cancelled: 1,
};

/** A billion rows have a million batches; programs get one progress event a second. */
const PROGRESS_EVERY_MS = 1_000;

function reporter(format: RunOptions['format'], line: LiveLine | null, name: string): (event: BackfillEvent) => void {
  let shownAt = -Infinity;
  let batchAt = -Infinity;
  let figures: BackfillFigures | null = null;
  return (event) => {
    if (event.event === 'figures')
      figures = { ...event, lag: describeLag({ kind: event.replicaLag, ms: event.replicaLagMs }) };
    if (event.event === 'progress') batchAt = performance.now();
    // The batches of this process say as much.
    if (event.event === 'all' && performance.now() - batchAt < 2 * PROGRESS_EVERY_MS) return;
    if (line !== null) {
      if (event.event === 'progress') showBackfill(line, { ...event, name, figures });
      else if (event.event === 'all') showOthers(line, { ...event, name });
      else show(line, event, name);
    }
    if (format !== 'ndjson') return;
    if (event.event === 'progress' || event.event === 'all') {
      if (performance.now() - shownAt < PROGRESS_EVERY_MS) return;
      shownAt = performance.now();
    }
    const body = event.event === 'finished' ? { event: event.event, ...published(event) } : event;
    process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), ...body })}\n`);
  };
}

function show(line: LiveLine, event: Exclude<BackfillEvent, { event: 'progress' | 'all' }>, name: string): void {
  const note = (text: string): void => line.note(printable(text));
  switch (event.event) {
    case 'waiting':
      note(`${name}: waiting for another process that runs it since ${event.since}: ${event.owner}`);
      break;
    case 'started':
      note(
        `${name}: ${event.resumed ? 'going on' : 'starting'} on ${event.table} by (${event.key.join(', ')}); ${event.settings.join(', ')}`,
      );
      break;
    case 'warning':
      note(`${name}: ${event.message}`);
      break;
    case 'throttled':
      line.show('throttled', printable(`${name}: waiting: ${event.reason}`));
      break;
    case 'unthrottled':
      note(`${name}: going on`);
      break;
    case 'batch-failed':
      note(`${name}: ${event.reason}; trying a smaller one`);
      break;
    case 'skipped':
      note(`${name}: the key ${event.key.join(', ')} of ${event.table} is left out: ${event.reason}`);
      break;
    case 'reconnecting':
      note(`${name}: ${event.reason}; connecting again`);
      break;
    case 'reconnected':
      note(`${name}: connected again, going on after the last checkpoint`);
      break;
    case 'left-out':
      note(`${name}: ${event.table} is left out: ${event.reason}`);
      break;
    case 'restarted':
      note(`${name}: ${event.reason}; beginning anew, the WHERE leaves out what is done`);
      break;
    case 'joined':
      note(`${name}: joining ${event.owner} with ${counted(event.workers, 'worker')}`);
      if (event.changed !== null) note(`${name}: its flags now hold for all of them: ${event.changed.join(', ')}`);
      break;
    case 'worker-ended':
      note(`${name}: one worker has stopped: ${event.reason}`);
      break;
    case 'verifying':
      note(`${name}: no key is left; counting what the statement would still change`);
      break;
    case 'pass':
      note(
        `${name}: ${counted(event.rowsLeft, 'row')} still ${event.rowsLeft === 1 ? 'matches' : 'match'}; pass ${event.pass} begins`,
      );
      break;
    case 'figures':
    case 'finished':
      break;
  }
}

/** The result for programs: the end in the words of `backfill verify`. */
function published({ remaining, ...result }: BackfillResult): Record<string, unknown> {
  return { ...result, ...(remaining === null ? { verified: null } : publishVerified(remaining)) };
}

/** What a DBA does next; nothing where it goes on another time. */
function afterwards(result: BackfillResult): string[] {
  if (result.outcome === 'paused' || result.outcome === 'gave-up') return [];
  return [...meanwhileLines(result), ...upkeepLines(result.upkeep)];
}

function summary(result: BackfillResult, given: string): string {
  const { name, outcome, reason, rowsDone, rowsVisited, batches, remaining } = result;
  const work = `${counted(rowsDone, 'row')} changed, ${counted(rowsVisited, 'key')} visited in ${counted(batches, 'batch', 'batches')}`;
  switch (outcome) {
    case 'succeeded':
      return remaining === null && result.durationMs === 0
        ? `${name}: was done before. ${work}. tiptoe backfill verify ${name} counts what is left by now.`
        : `${name}: done. ${work}.${remaining === null ? '' : ` Verified: ${describeVerified(remaining)}.`}`;
    case 'paused':
      return `${name}: paused (${reason ?? ''}). ${work}. To go on: ${reason === ASKED_TO_PAUSE ? `tiptoe backfill resume ${name}, then ` : ''}tiptoe backfill run ${given}`;
    case 'gave-up':
      return `${name}: paused, because ${reason ?? ''}. ${work}. To try again: tiptoe backfill run ${given}`;
    case 'cancelled':
      return `${name}: cancelled. ${work}.`;
    case 'failed':
      return `${name}: failed, because ${reason ?? ''}. ${work}.`;
  }
}
