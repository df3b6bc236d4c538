import { setTimeout as sleep } from 'node:timers/promises';
import type { BackfillResult } from '../backfill/event.ts';
import type { BackfillSource } from '../backfill/job.ts';
import { runBackfill } from '../backfill/run.ts';
import { readSpec } from '../backfill/spec.ts';
import { type Session, withSession } from '../db/session.ts';
import { quoteLiteral } from '../postgres/quote.ts';
import { Problem } from '../problem.ts';
import { SCHEMA } from './apply-act.ts';
import type { BackfillReport } from './report.ts';
import { ORDERS, safeMigrations } from './shop.ts';
import type { Stage } from './stage.ts';

const PAUSE_AT_ROWS = ORDERS / 3;
const PAUSE_MS = 1_500;
const LOOK_MS = 100;

const { backfill } = safeMigrations;
const NAME = quoteLiteral(backfill.name);
const PAUSE = `UPDATE ${SCHEMA}.backfill SET desired_state = 'paused' WHERE name = ${NAME}`;

/**
 * `tiptoe backfill run`, paused at a third by plain SQL from another connection, looked at, and resumed from any terminal: by its name, without
 * its file.
 */
export async function backfillWithPause(stage: Stage): Promise<BackfillReport> {
  const { connect, signal, onEvent } = stage;
  return withSession(connect('shop', 'owner'), { applicationName: 'psql' }, async (dba) => {
    const ended = new AbortController();
    const running = run(stage, readSpec(backfill)).finally(() => ended.abort());
    const [first, askedAt] = await Promise.all([running, askToPause(stage, dba, ended.signal)]);
    const pausedAt = performance.now();
    const pauseReachedMs = Math.round(pausedAt - askedAt);
    if (first.outcome !== 'paused') throw failure(stage, first);
    const before = await look(dba);
    onEvent({ event: 'paused', ...before, afterMs: pauseReachedMs });

    await sleep(PAUSE_MS, undefined, { signal });
    const after = await look(dba);
    const pausedMs = Math.round(performance.now() - pausedAt);
    onEvent({ event: 'still-paused', ...after, pausedMs });

    const last = await run(stage, { name: backfill.name }, true);
    if (last.outcome !== 'succeeded') throw failure(stage, last);
    const proved = last.remaining?.kind === 'proved';
    onEvent({ event: 'backfilled', rows: last.rowsDone, batches: last.batches, proved });
    return {
      rows: last.rowsDone,
      batches: last.batches,
      pauseReachedMs,
      pausedMs,
      rowsAtPause: before.rowsDone,
      rowsAtResume: after.rowsDone,
      proved,
    };
  });
}

/** Waits until a third is done and asks; resolves with when that was. */
async function askToPause({ onEvent }: Stage, dba: Session, ended: AbortSignal): Promise<number> {
  let { rowsDone } = await look(dba);
  while (rowsDone < PAUSE_AT_ROWS && !ended.aborted) {
    await sleep(LOOK_MS, undefined, { signal: ended }).catch(() => undefined);
    ({ rowsDone } = await look(dba));
  }
  const askedAt = performance.now();
  await dba.exec(PAUSE);
  onEvent({ event: 'pause-requested', sql: PAUSE, rowsDone });
  return askedAt;
}

async function look(dba: Session): Promise<{ state: string; rowsDone: number }> {
  const [row] = await dba.query<{ state: string; rows: string }>(
    `SELECT state, rows_done AS rows FROM ${SCHEMA}.backfill_progress WHERE name = ${NAME}`,
  );
  return { state: row?.state ?? 'unknown', rowsDone: Number(row?.rows ?? 0) };
}

function run(
  { connect, runner, signal, onEvent }: Stage,
  source: BackfillSource,
  resume = false,
): Promise<BackfillResult> {
  return runBackfill({
    connection: connect('shop', 'owner'),
    schema: SCHEMA,
    source,
    owner: runner.from,
    pause: signal,
    resume,
    onEvent: (of) => onEvent({ event: 'backfill', name: source.name, of }),
  });
}

function failure({ signal }: Stage, { outcome, reason }: BackfillResult): Problem {
  signal.throwIfAborted();
  return new Problem(`The demo's backfill ${outcome} at the wrong moment${reason === null ? '' : `: ${reason}`}.`, {
    exitCode: 1,
  });
}
