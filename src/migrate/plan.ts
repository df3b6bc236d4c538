import { closest } from '../closest.ts';
import { Problem } from '../problem.ts';
import type { MigrationFile } from './discovery.ts';
import type { LedgerRow } from './ledger.ts';
import { inMigrationOrder } from '../frameworks/name.ts';

/**
 * - `edited`: applied, and its file has changed since
 * - `half-done`: some of its statements stand, the rest is to come; its file may be gone
 * - `missing`: applied, and there is no such file any more
 */
export type Standing = 'applied' | 'pending' | 'running' | 'failed' | 'half-done' | 'edited' | 'missing';

export interface PlanEntry {
  readonly name: string;
  readonly path: string;
  readonly version: string | null;
  readonly kind: 'migration' | 'backfill';
  readonly standing: Standing;
  /** It comes before one that is applied already. */
  readonly outOfOrder: boolean;
  readonly file: MigrationFile | null;
  readonly row: LedgerRow | null;
}

/** What stands and what is to do, in migration order; `files` without down files. */
export function plan(
  files: readonly MigrationFile[],
  rows: readonly LedgerRow[],
  checksumOf: (file: MigrationFile) => string,
): PlanEntry[] {
  const byName = new Map(rows.map((row) => [row.name, row]));
  const entries = files.map((file): PlanEntry => {
    const row = byName.get(file.name) ?? null;
    byName.delete(file.name);
    return {
      name: file.name,
      path: file.path,
      version: file.version,
      kind: file.kind === 'backfill' ? 'backfill' : 'migration',
      standing: standing(row, () => checksumOf(file)),
      outOfOrder: false,
      file,
      row,
    };
  });
  for (const row of byName.values()) {
    const { name, path, version, kind } = row;
    // What never happened leaves nothing behind when its file goes.
    if (row.state === 'failed') continue;
    const standing = row.state === 'done' ? 'missing' : row.state;
    entries.push({ name, path, version, kind, standing, outOfOrder: false, file: null, row });
  }
  return markOutOfOrder(entries.sort(inMigrationOrder));
}

/** Whether `apply` has to run it. */
export function isOpen({ standing, file }: PlanEntry): boolean {
  return file !== null && !APPLIED.has(standing);
}

/** Whether all of it stands on the server. */
export function isApplied({ standing }: PlanEntry): boolean {
  return APPLIED.has(standing);
}

/** The one that a person means: by name, file name, path or version. */
export function findEntry<Entry extends Pick<PlanEntry, 'name' | 'path' | 'version'>>(
  entries: readonly Entry[],
  wanted: string,
): Entry | null {
  const stem = wanted.replace(/(?:\.(?:up|do|backfill))?(?:\.sql)?$/i, '');
  const version = wanted.replace(/^0+(?=\d)/, '');
  return (
    entries.find(({ name, path }) => name === wanted || name === stem || path === wanted) ??
    entries.find((entry) => entry.version === version) ??
    null
  );
}

/** The entries up to one, in migration order; all of them without a name. Throws a Problem (exit 2) for a name that is not known. */
export function upTo(entries: readonly PlanEntry[], to: string | undefined): readonly PlanEntry[] {
  if (to === undefined) return entries;
  const last = findEntry(entries, to);
  if (last !== null) return entries.slice(0, entries.indexOf(last) + 1);
  throw unknownMigration(to, entries);
}

/** For a name that is neither of the folder nor of the ledger. */
export function unknownMigration(wanted: string, entries: readonly PlanEntry[]): Problem {
  const guess = closest(
    wanted,
    entries.map(({ name }) => name),
  );
  return new Problem(`There is no migration ${wanted}.`, {
    advice: guess === null ? 'Give a version or a name as tiptoe status shows it.' : `Did you mean ${guess}?`,
  });
}

const APPLIED: ReadonlySet<Standing> = new Set(['applied', 'edited', 'missing']);

function standing(row: LedgerRow | null, checksum: () => string): Standing {
  if (row === null) return 'pending';
  if (row.state !== 'done') return row.state;
  return row.checksum === checksum() ? 'applied' : 'edited';
}

function markOutOfOrder(entries: readonly PlanEntry[]): PlanEntry[] {
  const lastApplied = entries.findLastIndex(({ standing }) => APPLIED.has(standing));
  return entries.map((entry, index) => (index < lastApplied && isOpen(entry) ? { ...entry, outOfOrder: true } : entry));
}
