import { setTimeout as sleep } from 'node:timers/promises';
import { backfillStatus, type BackfillStatus, listBackfills } from '../backfill/status.ts';
import { isConnectionLost } from '../db/errors.ts';
import { Problem } from '../problem.ts';
import { printable } from '../report/printable.ts';
import { isLive, liveLine } from '../terminal/live-line.ts';
import { liveBlock } from '../terminal/live-block.ts';
import { details, headline, isOpen, nameOf, withControl } from './backfill-control.ts';
import type { StatusOptions } from './backfill-options.ts';
import type { ExitCode } from './exit.ts';

const LOOK_MS = 1_000;
/** A failover takes less. */
const LOST_FOR_MS = 300_000;

/** `tiptoe backfill status [NAME] --watch`: until it is done, cancelled or failed; without a name, until Ctrl-C. */
export async function watchStatus(given: string | undefined, options: StatusOptions): Promise<ExitCode> {
  if (options.format === 'json') {
    throw new Problem('--format json is one document at an end, and --watch has none.', {
      advice: 'Use --format ndjson, a line for each change.',
    });
  }
  const name = given === undefined ? undefined : nameOf(given);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt).on('SIGHUP', interrupt);
  const show = view(options.format);
  let seenAt: number | null = null;
  const look = async (): Promise<boolean> =>
    withControl(options, async (session) => {
      for (;;) {
        const all =
          name === undefined
            ? (await listBackfills(session, options.schema)).filter(isOpen)
            : [await backfillStatus(session, options.schema, name)];
        seenAt = performance.now();
        show(all);
        const over = name !== undefined && all.every((status) => status.runner === null && isOver(status));
        if (over || stop.signal.aborted) return true;
        await sleep(LOOK_MS, undefined, { signal: stop.signal }).catch(() => undefined);
      }
    });
  try {
    for (;;) {
      try {
        if (await look()) return 0;
      } catch (error) {
        // A server that cannot be reached is a Problem; at the first look it ends us.
        const gone = isConnectionLost(error) || error instanceof Problem;
        if (!gone || seenAt === null || performance.now() - seenAt > LOST_FOR_MS) throw error;
      }
      if (stop.signal.aborted) return 0;
      await sleep(LOOK_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt).off('SIGHUP', interrupt);
  }
}

/** Nothing but a person leads on from there. */
function isOver({ state }: BackfillStatus): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

function view(format: StatusOptions['format']): (all: readonly BackfillStatus[]) => void {
  if (format === 'ndjson') return changedLines();
  if (isLive(process.stdout)) {
    const block = liveBlock(process.stdout);
    return (all) =>
      block(all.length === 0 ? ['No open backfills.'] : all.flatMap(details).map((line) => printable(line)));
  }
  const lines = new Map<string, ReturnType<typeof liveLine>>();
  return (all) => {
    for (const status of all) {
      const line = lines.get(status.name) ?? liveLine(process.stdout);
      lines.set(status.name, line);
      const { state, desiredState, throttledBy, runner } = status;
      const matter = JSON.stringify([state, desiredState, throttledBy, runner]);
      line.show(matter, printable(`${headline(status)}${throttledBy === null ? '' : `, waiting: ${throttledBy}`}`));
    }
  };
}

/** A line for each backfill that is not as it was. */
function changedLines(): (all: readonly BackfillStatus[]) => void {
  const last = new Map<string, string>();
  return (all) => {
    for (const status of all) {
      const text = JSON.stringify(status);
      if (last.get(status.name) === text) continue;
      last.set(status.name, text);
      process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), ...status })}\n`);
    }
  };
}
