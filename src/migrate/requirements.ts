import { closest } from '../closest.ts';
import { directives } from '../sql/directives.ts';
import type { Range, Script } from '../sql/statement.ts';
import { findEntry, isApplied, type PlanEntry } from './plan.ts';

/** `-- tiptoe:requires NAME`: what must have succeeded before a file is run. */
export interface Requirement {
  /** As the author wrote it. */
  readonly written: string;
  /** The comment. */
  readonly range: Range;
}

/** What a requirement turns out to be. */
export type Required =
  /** One of the folder or of the ledger. */
  | { readonly kind: 'migration'; readonly entry: PlanEntry }
  /** One that only the database knows: its file is somewhere else. */
  | { readonly kind: 'backfill'; readonly name: string }
  | { readonly kind: 'unknown'; readonly message: string; readonly advice: string };

/** The requirements of a file; one without a name is there too, with an empty one. */
export function requirementsOf({ comments }: Pick<Script, 'comments'>): Requirement[] {
  return directives(comments)
    .filter(({ name }) => name === 'requires')
    .flatMap(({ value, range }) => value.split(',').map((written) => ({ written: written.trim(), range })));
}

/** Finds what a file requires; `backfills` are those that the database knows. */
export function findRequired(
  { written }: Requirement,
  entries: readonly PlanEntry[],
  backfills: readonly string[],
): Required {
  if (written === '') {
    return {
      kind: 'unknown',
      message: 'tiptoe:requires names no migration and no backfill.',
      advice: 'Write -- tiptoe:requires NAME, as tiptoe status shows it, or remove the comment.',
    };
  }
  const entry = findEntry(entries, written);
  if (entry !== null) return { kind: 'migration', entry };
  if (backfills.includes(written)) return { kind: 'backfill', name: written };
  const guess = closest(written, [...entries.map(({ name }) => name), ...backfills]);
  return {
    kind: 'unknown',
    message: `There is no migration or backfill ${written}.`,
    advice:
      guess === null
        ? 'Name one as tiptoe status shows it; a backfill from elsewhere is known once tiptoe backfill run has started it.'
        : `Did you mean ${guess}?`,
  };
}

/**
 * Why a requirement can never be met, in words, or null. `requiredBy` answers the requirements of another entry.
 */
export function neverMet(
  entry: PlanEntry,
  required: PlanEntry,
  entries: readonly PlanEntry[],
  requiredBy: (entry: PlanEntry) => readonly PlanEntry[],
): string | null {
  if (isApplied(required)) return null;
  if (required === entry) return `${entry.name} requires itself.`;
  if (entries.indexOf(required) < entries.indexOf(entry)) return null;
  return reaches(required, entry, requiredBy, new Set())
    ? `${entry.name} and ${required.name} require each other.`
    : `${entry.name} requires ${required.name}, which comes after it.`;
}

function reaches(
  from: PlanEntry,
  to: PlanEntry,
  requiredBy: (entry: PlanEntry) => readonly PlanEntry[],
  seen: Set<PlanEntry>,
): boolean {
  if (from === to) return true;
  if (seen.has(from)) return false;
  seen.add(from);
  return requiredBy(from).some((next) => reaches(next, to, requiredBy, seen));
}
