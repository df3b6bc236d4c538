import type { Session } from '../db/session.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Blocker } from '../safety/blockers.ts';
import { lookAtProgress } from '../safety/progress.ts';
import type { RunContext } from './context.ts';
import type { Backend } from './ledger.ts';

/** The session of an earlier run is still at work, for longer than we may wait. */
export class StillAtWork extends Error {
  readonly line: number;
  readonly blockers: readonly Blocker[];

  constructor(line: number, blockers: readonly Blocker[]) {
    super('the session of an earlier run is still at work');
    this.name = 'StillAtWork';
    this.line = line;
    this.blockers = blockers;
  }
}

const PHASE = 'the session of an earlier run is still at work';
const POLL_MS = 250;

/** Waits for the session of a run that died: after its client is gone the server goes on with what it was doing, and may well finish it. */
export async function waitForEarlierRun(
  context: RunContext,
  { path, line }: { readonly path: string; readonly line: number },
  backend: Backend | null,
): Promise<void> {
  if (backend === null) return;
  const { control, limits, signal, emit } = context;
  const started = performance.now();
  while (await isBusy(control, backend)) {
    signal.throwIfAborted();
    const progress = await lookAtProgress(control, backend);
    emit({
      event: 'progress',
      path,
      line,
      phase: progress === null ? PHASE : `${PHASE}: ${progress.phase}`,
      share: progress?.share ?? null,
      etaMs: null,
      waitsFor: progress?.waitsFor ?? null,
    });
    if (performance.now() - started > (limits.waitForSnapshotsMs ?? Infinity)) {
      throw new StillAtWork(line, progress?.waitsFor ? [progress.waitsFor] : []);
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** Whether a session is in the middle of something; one that has merely not noticed that its client is gone is not. Hidden is busy. */
async function isBusy(control: Session, { pid, backendStart }: Backend): Promise<boolean> {
  const rows = await control.query(
    `SELECT FROM pg_catalog.pg_stat_activity
      WHERE pid = $1 AND (backend_start = nullif($2, '')::pg_catalog.timestamptz) IS NOT FALSE AND coalesce(state, 'active') = 'active'`,
    [pid, backendStart],
  );
  return rows.length > 0;
}
