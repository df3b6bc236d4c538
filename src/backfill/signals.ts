import { isConnectionLost } from '../db/errors.ts';
import type { Session } from '../db/session.ts';
import type { Settings } from './settings.ts';

/** What a signal says; the reason is shown to people. */
export type Verdict =
  | { readonly kind: 'go' }
  /** Take `times` as long: 2 is half the speed. */
  | { readonly kind: 'slow'; readonly times: number; readonly reason: string }
  | { readonly kind: 'stop'; readonly reason: string };

export interface Circumstances {
  readonly settings: Settings;
  /** The backfill's own sessions. */
  readonly ownPids: readonly number[];
}

/** Something on the server that may hold up a backfill. It may remember what it saw before. */
export interface Signal {
  /** `replica lag`: what follows "cannot read". */
  readonly name: string;
  read(session: Session, circumstances: Circumstances): Promise<Verdict>;
}

/**
 * Asks all signals: the first that says stop decides, else the first that says slow. A signal that cannot be read says stop; errors
 * of the connection are thrown.
 */
export async function readSignals(
  signals: readonly Signal[],
  session: Session,
  circumstances: Circumstances,
): Promise<Verdict> {
  const verdicts: Verdict[] = [];
  for (const signal of signals) {
    const verdict = await signal.read(session, circumstances).catch((error: unknown): Verdict => {
      if (isConnectionLost(error)) throw error;
      return {
        kind: 'stop',
        reason: `cannot read ${signal.name}: ${error instanceof Error ? error.message : String(error)}`,
      };
    });
    if (verdict.kind === 'stop') return verdict;
    verdicts.push(verdict);
  }
  return verdicts.find(({ kind }) => kind === 'slow') ?? { kind: 'go' };
}
