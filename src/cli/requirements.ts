import type { BackfillStatus } from '../backfill/status.ts';
import { isApplied, type PlanEntry } from '../migrate/plan.ts';
import { findRequired, requirementsOf } from '../migrate/requirements.ts';
import type { Script } from '../sql/statement.ts';

/** A requirement of a file, and how it stands right now. */
export interface RequiredState {
  readonly name: string;
  /** `unknown` for a name that nobody knows. */
  readonly state: string;
  readonly met: boolean;
}

export function describeRequired(
  script: Pick<Script, 'comments'>,
  entries: readonly PlanEntry[],
  backfills: readonly BackfillStatus[],
): RequiredState[] {
  return requirementsOf(script).map((requirement) => {
    const required = findRequired(
      requirement,
      entries,
      backfills.map(({ name }) => name),
    );
    switch (required.kind) {
      case 'migration':
        return { name: required.entry.name, state: required.entry.standing, met: isApplied(required.entry) };
      case 'backfill': {
        const state = backfills.find(({ name }) => name === required.name)?.state ?? 'unknown';
        return { name: required.name, state, met: state === 'succeeded' };
      }
      case 'unknown':
        return { name: requirement.written, state: 'unknown', met: false };
    }
  });
}
