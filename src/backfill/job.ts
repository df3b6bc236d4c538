import type { Session } from '../db/session.ts';
import { Problem } from '../problem.ts';
import { closest } from '../closest.ts';
import type { BatchStatement } from '../sql/batch-statement.ts';
import { batchSql } from './batches.ts';
import { mergeSettings, type Settings } from './settings.ts';
import { type BackfillSpec, readStatement } from './spec.ts';
import type { Registration, Store, Stored } from './store.ts';
import { resolveTarget, type Target } from './target.ts';

/** A backfill whose table and key are known, ready to run. */
export interface Job {
  readonly name: string;
  readonly statement: BatchStatement;
  readonly target: Target;
  /** The statement for the first range, and for every other one. */
  readonly sql: { readonly first: string; readonly next: string };
}

/** By its file, or by the name under which the database has it. */
export type BackfillSource = BackfillSpec | { readonly name: string };

/** Finds the table and the key for a statement. `main` has the search path that the statement is to run with. */
export async function prepareJob(main: Session, spec: BackfillSpec): Promise<Job> {
  const { name, statement, keyColumns } = spec;
  const target = await resolveTarget(main, statement, keyColumns);
  const sql = {
    first: batchSql(statement, target.key, { after: null }),
    next: batchSql(statement, target.key, { after: [] }),
  };
  return { name, statement, target, sql };
}

/** The spec as it is now, checked against what was started. Throws a Problem where it is unknown, or another one than was started. */
export async function settleSpec(
  session: Session,
  store: Store,
  source: BackfillSource,
): Promise<{ spec: BackfillSpec; stored: Stored | null }> {
  const stored = await store.load(session, source.name);
  if ('statement' in source) {
    if (stored !== null) requireSame(source, stored);
    // What was walked so far is one key's order; the header must not change it, and need not repeat a flag.
    const keyColumns = stored !== null && isStarted(stored) ? stored.keyColumns : source.keyColumns;
    return { spec: { ...source, keyColumns }, stored };
  }
  if (stored === null) throw await unknownBackfill(session, store, source.name);
  const read = readStatement(stored.statement, `Backfill ${stored.name}`);
  return {
    spec: {
      name: stored.name,
      path: stored.file,
      keyColumns: stored.keyColumns,
      settings: stored.fileSettings,
      ...read,
    },
    stored,
  };
}

/** A Problem (exit 2) that names what there is. */
export async function unknownBackfill(session: Session, store: Store, name: string, hasBooks = true): Promise<Problem> {
  const known = hasBooks ? (await store.list(session)).map((stored) => stored.name) : [];
  const meant = closest(name, known);
  return new Problem(`There is no backfill ${name}, neither a file nor in ${store.schema}.backfill.`, {
    advice:
      meant !== null
        ? `Did you mean ${meant}?`
        : known.length === 0
          ? 'Name a file whose name ends in .backfill.sql, or the folder that holds it with --dir.'
          : `Known are ${known.join(', ')}; or name a file that ends in .backfill.sql.`,
  });
}

function requireSame(spec: BackfillSpec, stored: Stored): void {
  if (!isStarted(stored)) return;
  const { name, progress } = stored;
  const advice = 'Put it back as it was, or give the new statement a file name of its own.';
  if (spec.statementHash !== stored.statementHash) {
    throw new Problem(
      `The statement of ${name} was changed after it had started (${progress.rowsVisited} keys visited by the old one).`,
      { exitCode: 1, advice: `${advice} tiptoe backfill cancel ${name} gives the old one up.` },
    );
  }
  const { keyColumns } = spec;
  if (keyColumns !== null && keyColumns.join('\0') !== stored.keyColumns.join('\0')) {
    throw new Problem(
      `The key of ${name} was changed after it had started: (${stored.keyColumns.join(', ')}) is now (${keyColumns.join(', ')}).`,
      { exitCode: 1, advice },
    );
  }
}

/** Whether anything was done or is known to be nothing: from then on the statement is fixed. */
function isStarted({ state, progress }: Stored): boolean {
  return progress.batches > 0 || state === 'succeeded';
}

/** The flags over what was changed in the file since, over what the database has, which `backfill set` may have changed. */
export function currentSettings(spec: BackfillSpec, stored: Stored | null, flags: Partial<Settings>): Settings {
  if (stored === null) return mergeSettings(spec.settings, flags);
  const before = stored.fileSettings;
  const changed = Object.entries(spec.settings).filter(([name, value]) => before[name as keyof Settings] !== value);
  return mergeSettings(stored.settings, Object.fromEntries(changed), flags);
}

export function registrationOf({ name, target, statement }: Job, spec: BackfillSpec, settings: Settings): Registration {
  return {
    name,
    file: spec.path,
    statement: statement.text,
    statementHash: spec.statementHash,
    table: target.shown,
    keyColumns: target.key.map((column) => column.name),
    settings,
    fileSettings: spec.settings,
  };
}
