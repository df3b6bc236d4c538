import type { Session } from '../db/session.ts';
import { type TimeWindow, windowState, type WindowState } from '../time-window.ts';

/**
 * Whether one of the windows is open now. The server's clock decides, so that it is one clock for everybody, whatever the machines say that
 * work on it; the rules of the time zones are this machine's.
 */
export async function lookAtWindows(
  session: Session,
  windows: readonly TimeWindow[],
): Promise<WindowState & { readonly at: number }> {
  if (windows.length === 0) return { open: true, at: Number.NaN };
  const at = await serverTime(session);
  return { ...windowState(windows, at), at };
}

/** In milliseconds since 1970. */
async function serverTime(session: Session): Promise<number> {
  const [row] = await session.query<{ ms: string }>(
    `SELECT pg_catalog.floor(extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::pg_catalog.text AS ms`,
  );
  return Number(row?.ms);
}
