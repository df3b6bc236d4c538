import { quoteIdent } from '../postgres/quote.ts';
import type { RunContext } from './context.ts';
import type { MigrationFile } from './discovery.ts';
import { lockDifferences, type TakenLock } from './lock-differences.ts';
import type { Step } from './steps.ts';

/** Says which locks were stronger than foretold. */
export function tellUnforeseen(
  { emit, version }: RunContext,
  { path }: MigrationFile,
  steps: readonly Step[],
  taken: readonly TakenLock[],
): void {
  for (const difference of lockDifferences(steps, taken))
    emit({ event: 'unforeseen-lock', path, pgVersion: version, ...difference });
}

/** Collects the locks that a statement outside of a transaction is seen with, which has let them go when it ends. */
export function collectTaken({ ledger }: Pick<RunContext, 'ledger'>): {
  readonly see: (locks: readonly TakenLock[]) => void;
  readonly all: () => readonly TakenLock[];
} {
  const own = `${quoteIdent(ledger.schema)}.`;
  const taken = new Map<string, TakenLock>();
  return {
    see(locks) {
      for (const { relation, mode } of locks)
        if (!relation.startsWith(own))
          taken.set(`${mode} ${relation}`, { relation: relation.replaceAll('"', ''), mode });
    },
    all: () => [...taken.values()],
  };
}
