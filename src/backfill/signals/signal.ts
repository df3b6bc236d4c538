import { isConnectionLost } from '../../db/errors.ts';
import type { Session } from '../../db/session.ts';
import type { Settings } from '../settings.ts';

/** What a signal says; the reason is shown to people. `by` names what says it, where a signal reads several things. */
export type Verdict =
  | { readonly kind: 'go' }
  /** Take `times` as long: 2 is half the speed. */
  | { readonly kind: 'slow'; readonly times: number; readonly reason: string; readonly by?: string }
  | { readonly kind: 'stop'; readonly reason: string; readonly by?: string };

export interface Circumstances {
  readonly settings: Settings;
  /** The backfill's own sessions. */
  readonly ownPids: readonly number[];
}

/** Something on the server that may hold up a backfill. It may remember what it saw before. */
export interface Signal {
  /** `replica lag`: what follows "cannot read", and under which lost time is kept. */
  readonly name: string;
  read(session: Session, circumstances: Circumstances): Promise<Verdict>;
  /** Of one that has connections of its own. */
  close?(): void;
}

/** A verdict with who gave it. */
export type Heard =
  | { readonly kind: 'go' }
  | { readonly kind: 'slow'; readonly times: number; readonly reason: string; readonly signal: string }
  | { readonly kind: 'stop'; readonly reason: string; readonly signal: string };

/**
 * Asks all signals: the first that says stop decides, else the first that says slow. A signal that cannot be read says stop; errors
 * of the connection are thrown.
 */
export async function readSignals(
  signals: readonly Signal[],
  session: Session,
  circumstances: Circumstances,
): Promise<Heard> {
  let slow: Heard | null = null;
  for (const signal of signals) {
    const verdict = await signal.read(session, circumstances).catch((error: unknown): Verdict => {
      if (isConnectionLost(error)) throw error;
      return unreadable(signal.name, error);
    });
    if (verdict.kind === 'go') continue;
    const { by = signal.name, ...said } = verdict;
    if (said.kind === 'stop') return { ...said, signal: by };
    slow ??= { ...said, signal: by };
  }
  return slow ?? { kind: 'go' };
}

/** What a signal says that could not be read. */
export function unreadable(name: string, error: unknown): Verdict {
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'stop', reason: `cannot read ${name}: ${message}`, by: name };
}

/** From this share of a bound on, half speed. */
const SLOW_FROM = 0.8;

/** Stop beyond a bound, and half speed just before it. */
export function judge(value: number, most: number, reason: string, slowFrom = SLOW_FROM): Verdict {
  if (value > most) return { kind: 'stop', reason };
  return value > most * slowFrom ? { kind: 'slow', times: 2, reason } : { kind: 'go' };
}
