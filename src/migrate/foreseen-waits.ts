import { emptyCatalog } from '../catalog/catalog.ts';
import type { Script } from '../sql/statement.ts';
import type { BackfillState } from './backfill-gate.ts';
import { isOpen, type PlanEntry } from './plan.ts';
import { readFileSteps } from './steps.ts';
import { findWait, standingOf, type WaitingBackfill } from './waiting-backfills.ts';

/** For which backfill `apply` would stop before a file. */
export interface ForeseenWait {
  readonly backfill: string;
  readonly state: BackfillState;
  /** `touches public.users, a table of the backfill 002_fill, which has not run yet` */
  readonly reason: string;
}

export interface Foresight {
  /** All, in migration order. */
  readonly entries: readonly PlanEntry[];
  readonly scripts: ReadonlyMap<string, Script>;
  /** As the database has it; null for one that it does not know. */
  readonly stateOf: (backfill: string) => BackfillState | null;
  readonly searchPath: readonly string[];
  readonly version: number;
}

/** The files that wait for a backfill, by name, as `apply` without --run-backfills would find out. */
export function foreseeWaits({
  entries,
  scripts,
  stateOf,
  searchPath,
  version,
}: Foresight): ReadonlyMap<string, ForeseenWait> {
  const catalog = emptyCatalog();
  const waiting: WaitingBackfill[] = [];
  const waits = new Map<string, ForeseenWait>();
  let first: { readonly path: string; readonly wait: ForeseenWait } | null = null;
  for (const entry of entries) {
    const script = scripts.get(entry.name);
    if (entry.file === null || script === undefined) continue;
    const steps = readFileSteps(catalog, searchPath, script, version);
    if (!isOpen(entry)) continue;
    if (first !== null) {
      waits.set(entry.name, { ...first.wait, reason: `comes after ${first.path}, which waits` });
      continue;
    }
    const found = findWait(script, steps, waiting);
    if (found !== null) {
      const { backfill, why } = found;
      const wait = {
        backfill: backfill.entry.name,
        state: backfill.state,
        reason: `${why}, which ${standingOf(backfill.state)}`,
      };
      waits.set(entry.name, wait);
      first = { path: entry.path, wait };
      continue;
    }
    if (entry.kind !== 'backfill') continue;
    const state = stateOf(entry.name) ?? 'pending';
    if (state !== 'succeeded') waiting.push({ entry, state, steps });
  }
  return waits;
}
