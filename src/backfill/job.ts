import type { Session } from '../db/session.ts';
import { Problem } from '../problem.ts';
import { closest } from '../closest.ts';
import { quoteIdent, quoteLiteral } from '../postgres/quote.ts';
import type { BatchStatement } from '../sql/batch-statement.ts';
import { mergeSettings, type Settings } from './settings.ts';
import { type BackfillSpec, readStatement } from './spec.ts';
import type { Registration, Store, Stored } from './store.ts';
import type { LockPatience } from './table-lock.ts';
import { readFunctions, resolveTarget, type Target } from './target.ts';

/** A backfill whose table and key are known, ready to run. */
export interface Job {
  readonly name: string;
  readonly statement: BatchStatement;
  readonly target: Target;
}

/** By its file, or by the name under which the database has it. */
export type BackfillSource = BackfillSpec | { readonly name: string };

/** Finds the table and the key for a statement. `main` has the search path that the statement is to run with. */
export async function prepareJob(main: Session, spec: BackfillSpec, patience?: LockPatience): Promise<Job> {
  const { name, keyColumns } = spec;
  const statement = await readFunctions(main, spec.statement);
  const target = await resolveTarget(main, statement, keyColumns, patience);
  return { name, statement, target };
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
async function unknownBackfill(session: Session, store: Store, name: string): Promise<Problem> {
  const known = (await store.list(session)).map((stored) => stored.name);
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

function requireSame(spec: Pick<BackfillSpec, 'statementHash' | 'keyColumns'>, stored: Stored): void {
  if (!isStarted(stored)) return;
  const { name, progress } = stored;
  if (spec.statementHash !== stored.statementHash) {
    throw new Problem(
      `The statement of ${name} was changed after it had started (${progress.rowsVisited} keys visited by the old one).`,
      { exitCode: 1, advice: `${PUT_BACK} tiptoe backfill cancel ${name} gives the old one up.` },
    );
  }
  const { keyColumns } = spec;
  if (keyColumns !== null && keyColumns.join('\0') !== stored.keyColumns.join('\0')) {
    throw new Problem(
      `The key of ${name} was changed after it had started: (${stored.keyColumns.join(', ')}) is now (${keyColumns.join(', ')}).`,
      { exitCode: 1, advice: PUT_BACK },
    );
  }
}

const PUT_BACK = 'Put it back as it was, or give the new statement a file name of its own.';

/** Throws a Problem (exit 1) where a job is not what the database says was started: statement, key, table, and order of the keys. */
export function requireSameJob(registration: Registration, stored: Stored, schema: string): void {
  if (!isStarted(stored)) return;
  requireSame(registration, stored);
  const { name, keyTypes } = stored;
  const { table, tableOid } = registration;
  if (stored.tableOid !== null && stored.tableOid !== tableOid) {
    throw new Problem(
      stored.table === table
        ? `${table} is another table than the one ${name} was started on.`
        : `The backfill ${name} was started on ${stored.table}; the statement now finds ${table}.`,
      {
        exitCode: 1,
        advice: `Give the backfill of another table a file name of its own. If it is the same one, restored: UPDATE ${quoteIdent(schema)}.backfill SET table_oid = NULL WHERE name = ${quoteLiteral(name)};`,
      },
    );
  }
  if (!sameOrder(keyTypes, registration.keyTypes)) {
    throw new Problem(
      `The key of ${name} was (${keyTypes.join(', ')}) when it started, and is (${registration.keyTypes.join(', ')}) now; its last key is a place in the old order.`,
      { exitCode: 1, advice: 'Give the backfill a file name of its own, so that it walks all keys again.' },
    );
  }
}

/** Throws a Problem (exit 1) where a job is not the one that another process is at, which may be before its first batch. */
export function requireRunning(registration: Registration, stored: Stored, schema: string): void {
  requireSameJob(registration, stored, schema);
  if (isStarted(stored)) return;
  const { name, statementHash, tableOid, keyColumns, keyTypes } = registration;
  const differs =
    statementHash !== stored.statementHash
      ? 'statement'
      : stored.tableOid !== null && tableOid !== stored.tableOid
        ? 'table'
        : JSON.stringify([keyColumns, keyTypes]) === JSON.stringify([stored.keyColumns, stored.keyTypes])
          ? null
          : 'key';
  if (differs === null) return;
  throw new Problem(`The ${differs} of ${name} is another one than the one that is running.`, {
    exitCode: 1,
    advice: `tiptoe backfill pause ${name} stops the other process; then run the one that you mean.`,
  });
}

const INTEGERS: readonly string[] = ['pg_catalog.int2', 'pg_catalog.int4', 'pg_catalog.int8'];

/** The same types, or wider integers: their order is the same. */
function sameOrder(before: readonly string[], now: readonly string[]): boolean {
  return (
    before.length === now.length &&
    before.every((type, index) => {
      const next = now[index] ?? '';
      return type === next || (INTEGERS.includes(type) && INTEGERS.indexOf(next) > INTEGERS.indexOf(type));
    })
  );
}

/** Whether anything was done or is known to be nothing: from then on the statement is fixed. */
export function isStarted({ state, progress }: Stored): boolean {
  return progress.batches > 0 || state === 'succeeded';
}

/** The flags over what was changed in the file since, over what the database has, which `backfill set` may have changed. */
export function currentSettings(spec: BackfillSpec, stored: Stored | null, flags: Partial<Settings>): Settings {
  if (stored === null) return mergeSettings(spec.settings, flags);
  if (stored.settings.broken !== null) {
    throw new Problem(`What is kept in signals of ${stored.name} cannot be read: ${stored.settings.broken}.`, {
      advice: `Put it right with tiptoe backfill set ${stored.name}, which leaves it out, or in the table itself.`,
    });
  }
  const before = stored.fileSettings;
  const changed = Object.entries(spec.settings).filter(
    ([name, value]) => JSON.stringify(before[name as keyof Settings]) !== JSON.stringify(value),
  );
  return mergeSettings(stored.settings, Object.fromEntries(changed), flags);
}

export function registrationOf({ name, target, statement }: Job, spec: BackfillSpec, settings: Settings): Registration {
  return {
    name,
    file: spec.path,
    statement: statement.text,
    statementHash: spec.statementHash,
    table: target.shown,
    tableOid: target.oid,
    keyColumns: target.key.map((column) => column.name),
    keyTypes: target.key.map(({ type, collation }) => (collation === null ? type : `${type} COLLATE ${collation}`)),
    cannotTell: statement.progress.kind === 'cannot-tell' ? statement.progress.reason : null,
    settings,
    fileSettings: spec.settings,
  };
}
