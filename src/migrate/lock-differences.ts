import { blocksWrites, LOCK_MODES, stronger, type LockMode } from '../postgres/lock-mode.ts';
import type { Action } from '../sql/action.ts';
import type { Step } from './steps.ts';

/** A lock that was held on a relation that others can see. */
export interface TakenLock {
  /** As `schema.name`. */
  readonly relation: string;
  readonly mode: LockMode;
}

/** A lock that is stronger than what the effects had foretold. */
export interface LockDifference {
  readonly relation: string;
  readonly taken: LockMode;
  /** Null for a relation that was not foretold at all. */
  readonly predicted: LockMode | null;
  /** The statements that ran under it: PostgreSQL's names for them, never their text. */
  readonly kinds: readonly string[];
  /** Whether the migrations show all that the statements name; then the prediction is wrong, and not merely uninformed. */
  readonly informed: boolean;
}

/**
 * Compares what a transaction, or a statement outside of one, has locked with what its statements were to lock. What a statement may lock, depending on rows, is foretold; where
 * one is not understood, or calls functions, anything is. With a history that leaves tables out, only what holds up traffic is told.
 */
export function lockDifferences(steps: readonly Step[], taken: readonly TakenLock[]): LockDifference[] {
  if (!steps.every(({ foreseen }) => foreseen)) return [];
  const informed = steps.every((step) => step.informed);
  const anything = steps.some(({ statement }) => namesNothing(statement.action));
  const predicted = strongest(
    steps.flatMap(({ locks }) => locks.map(({ relation, mode }) => ({ relation: relation.replaceAll('"', ''), mode }))),
  );
  const kinds = [...new Set(steps.map(({ statement }) => statement.kind))];
  return [...strongest(taken)].flatMap(([relation, mode]): LockDifference[] => {
    const foretold = predicted.get(relation.replaceAll('"', '')) ?? null;
    if (foretold !== null && LOCK_MODES.indexOf(foretold) >= LOCK_MODES.indexOf(mode)) return [];
    if (foretold === null && anything) return [];
    if (!informed && !blocksWrites(mode)) return [];
    return [{ relation, taken: mode, predicted: foretold, kinds, informed }];
  });
}

/** VACUUM, ANALYZE and their kin without a name work on tables, too, that no migration made. */
function namesNothing(action: Action): boolean {
  switch (action.kind) {
    case 'vacuum':
    case 'analyze':
      return action.tables.length === 0;
    case 'reindex':
      return action.name === null;
    case 'cluster':
      return action.table === null;
    default:
      return false;
  }
}

function strongest(locks: readonly TakenLock[]): Map<string, LockMode> {
  const modes = new Map<string, LockMode>();
  for (const { relation, mode } of locks) modes.set(relation, stronger(modes.get(relation) ?? mode, mode));
  return modes;
}
