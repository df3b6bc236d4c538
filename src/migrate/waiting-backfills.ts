import { directives } from '../sql/directives.ts';
import type { Script } from '../sql/statement.ts';
import type { BackfillState } from './backfill-gate.ts';
import { requirementsOf } from './requirements.ts';
import type { Step } from './steps.ts';
import { findEntry, type PlanEntry } from './plan.ts';
import { stop, type Stop } from './stop.ts';

/** A backfill that a run has passed and that is not done: what needs its rows, or would take them away, waits for it. */
export interface WaitingBackfill {
  readonly entry: PlanEntry;
  readonly state: BackfillState;
  readonly steps: readonly Step[];
}

/** Why a file has to wait for a backfill before it. */
export interface Wait {
  readonly backfill: WaitingBackfill;
  /** `touches public.users, a table of the backfill 002_fill` */
  readonly why: string;
  /** Whether its author may know better. */
  readonly mayDiffer: boolean;
}

/** Why a file has to wait for a backfill before it, as the end of a run, or null. */
export function waitsFor(entry: PlanEntry, ...file: Parameters<typeof findWait>): Stop | null {
  const wait = findWait(...file);
  return wait === null ? null : waits(entry, wait);
}

/** The first backfill that a file requires, touches a table of, or may touch one of; null where it need not wait. */
export function findWait(script: Script, steps: readonly Step[], waiting: readonly WaitingBackfill[]): Wait | null {
  const required = requirementsOf(script).map(({ written }) =>
    findEntry(
      waiting.map((one) => one.entry),
      written,
    ),
  );
  const independent = independentOf(script);
  for (const backfill of waiting) {
    const { name } = backfill.entry;
    if (required.includes(backfill.entry)) return { backfill, why: `requires the backfill ${name}`, mayDiffer: false };
    if (independent.has(name)) continue;
    const shared = sharedTable(backfill.steps, steps);
    if (shared !== null)
      return { backfill, why: `touches ${shared}, a table of the backfill ${name}`, mayDiffer: true };
    const unclear = steps.find(({ understood }) => !understood);
    if (unclear !== undefined) {
      const why = `may touch a table of the backfill ${name}, since line ${unclear.line} cannot be understood`;
      return { backfill, why, mayDiffer: true };
    }
  }
  return null;
}

/** `-- tiptoe:does-not-require NAME: reason` */
function independentOf({ comments }: Script): ReadonlySet<string> {
  return new Set(
    directives(comments)
      .filter(({ name, reason }) => name === 'does-not-require' && reason !== null)
      .flatMap(({ value }) => value.split(',').map((written) => written.trim())),
  );
}

/** One that both only read is no matter between them. */
function sharedTable(backfill: readonly Step[], file: readonly Step[]): string | null {
  const touched = new Set(backfill.flatMap(({ touches }) => touches));
  const written = new Set(backfill.flatMap(({ touches, reads }) => touches.filter((one) => !reads.includes(one))));
  for (const { touches, reads } of file) {
    const shared = touches.find((one) => touched.has(one) && (written.has(one) || !reads.includes(one)));
    if (shared !== undefined) return shared;
  }
  return null;
}

function waits({ path }: PlanEntry, { backfill: { entry, state }, why, mayDiffer }: Wait): Stop {
  const otherwise = mayDiffer ? ` If it can go first: -- tiptoe:does-not-require ${entry.name}: reason.` : '';
  return stop(
    'backfill-first',
    `${path} ${why}, which ${standingOf(state)}; it waits, and so does what comes after it.`,
    `Run tiptoe backfill run ${entry.path}, and then tiptoe apply again; or tiptoe apply --run-backfills.${otherwise}`,
  );
}

/** `has not run yet`, `is paused` */
export function standingOf(state: BackfillState): string {
  return state === 'pending' ? 'has not run yet' : `is ${state}`;
}
