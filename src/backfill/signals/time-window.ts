import { lookAtWindows } from '../../safety/windows.ts';
import { parseTimeWindow } from '../../time-window.ts';
import type { Signal } from './signal.ts';

/** Batches run only while a window is open, by the server's clock. */
export const timeWindow: Signal = {
  name: 'time window',
  async read(session, { settings: { windows } }) {
    if (windows.length === 0) return { kind: 'go' };
    const state = await lookAtWindows(session, windows.map(parseTimeWindow));
    if (state.open) return { kind: 'go' };
    const opens = state.opensAt === null ? 'never opens' : `opens at ${new Date(state.opensAt).toISOString()}`;
    return { kind: 'stop', reason: `outside of the window ${windows.join(', ')}, which ${opens}` };
  },
};
