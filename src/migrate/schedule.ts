import { setTimeout as sleep } from 'node:timers/promises';
import { roughDuration } from '../duration.ts';
import { lookAtWindows } from '../safety/windows.ts';
import type { TimeWindow } from '../time-window.ts';
import { utc } from '../utc.ts';
import type { RunContext } from './context.ts';
import { stop, type Stop } from './stop.ts';

/** When work may begin. */
export interface Schedule {
  /** Without any it is always time. */
  readonly windows: readonly TimeWindow[];
  /** Whether to wait until one opens, instead of stopping. */
  readonly wait: boolean;
}

/** It was time when the file was begun, and is no more. */
export class OutsideWindow extends Error {
  readonly at: number;
  readonly opensAt: number | null;

  constructor(at: number, opensAt: number | null) {
    super('outside of the time window');
    this.name = 'OutsideWindow';
    this.at = at;
    this.opensAt = opensAt;
  }
}

/** Throws {@link OutsideWindow} when nothing may be begun now. */
export async function requireOpen({ control, schedule }: RunContext): Promise<void> {
  const { at, ...state } = await lookAtWindows(control, schedule.windows);
  if (!state.open) throw new OutsideWindow(at, state.opensAt);
}

/** So often the server is asked what time it is, and whether it is still there. */
const LOOK_MS = 30_000;

/** Waits until a window opens, or says why the run stops here. The lease stays ours meanwhile. */
export async function awaitWindow(context: RunContext, path: string): Promise<Stop | null> {
  const { control, main, schedule, signal, lease, emit } = context;
  for (;;) {
    const { at, ...state } = await lookAtWindows(control, schedule.windows);
    if (state.open) return null;
    if (!schedule.wait || state.opensAt === null)
      return outsideWindow(context, `${path} was not begun`, new OutsideWindow(at, state.opensAt));
    emit({ event: 'waiting-for-window', path, opensAt: utc(state.opensAt) });
    await sleep(Math.min(state.opensAt - at, LOOK_MS), undefined, { signal });
    lease.lost.throwIfAborted();
    // A session that says nothing for hours may be ended by the server, or by what is in between.
    await main.query('SELECT');
  }
}

/** How a run ends that may not go on now. */
export function outsideWindow({ schedule }: RunContext, what: string, { at, opensAt }: OutsideWindow): Stop {
  const windows = schedule.windows
    .map(({ text, zone }) => (text.endsWith(zone) ? text : `${text} (${zone})`))
    .join(', ');
  const when = opensAt === null ? null : `${utc(opensAt)}, in ${roughDuration(opensAt - at)}`;
  return {
    ...stop(
      'outside-window',
      `It is ${utc(at)} on the server, outside of the window ${windows}; ${what}.`,
      when === null
        ? 'No day of the coming weeks has this window: check it.'
        : `It opens at ${when}: run again then, or let it wait with --wait-for-window.`,
    ),
    ...(opensAt === null ? {} : { opensAt: utc(opensAt) }),
  };
}
