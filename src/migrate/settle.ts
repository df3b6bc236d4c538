import type { ConnectionSettings } from '../db/connection.ts';
import { sqlstate } from '../db/errors.ts';
import { ensureOwnSchema, missingPrivilege } from '../db/own-schema.ts';
import { readServer, requireDirect, requirePrimary } from '../db/server.ts';
import { type Session, withSession } from '../db/session.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import { Problem } from '../problem.ts';
import { acquireLease, type Lease, underLease } from '../safety/lease.ts';
import { CONTROL_SETTINGS } from '../safety/limits.ts';
import { checksum } from './checksum.ts';
import type { MigrationFile } from './discovery.ts';
import { type Ledger, readLedger, type Runner } from './ledger.ts';
import { ledgerTables } from './ledger-tables.ts';
import { findEntry, isApplied, plan, type PlanEntry, unknownMigration, upTo } from './plan.ts';
import { settleFile, settleStatement, type Verdict } from './settlements.ts';

interface SettleOptions {
  readonly connection: ConnectionSettings;
  /** In migration order, without down files. */
  readonly files: readonly MigrationFile[];
  readonly schema: string;
  readonly runner: Runner;
  /** Shows what is about to change, and asks. */
  readonly confirm: (changes: readonly Change[]) => Promise<boolean>;
}

/** What is about to be settled. */
export interface Change {
  readonly name: string;
  readonly path: string;
  readonly before: string;
  readonly after: Verdict;
  /** The statement's number from 1; null for the whole file. */
  readonly statement: number | null;
}

export interface Settled {
  readonly outcome: 'done' | 'declined';
  readonly changes: readonly Change[];
  /** Migrations that stood as asked for already. */
  readonly unchanged: number;
}

const LEASE_MS = 30_000;

/** Marks migrations as applied without running them, all or up to one. */
export async function baseline(options: SettleOptions & { readonly to?: string }): Promise<Settled> {
  return withLedger(options, async ({ control, ledger, lease, entries }) => {
    const meant = upTo(entries, options.to);
    const unclear = meant.find(({ standing }) => standing === 'half-done' || standing === 'running');
    if (unclear !== undefined) {
      throw new Problem(
        `${unclear.path} is ${unclear.standing === 'running' ? 'begun, and its end is not known' : 'half-done'}; nothing was marked.`,
        {
          exitCode: 1,
          advice: `Run tiptoe apply to finish it, or say how it stands: tiptoe repair ${unclear.name} --as applied --reason '…'.`,
        },
      );
    }
    const marked = meant.filter((entry) => !isApplied(entry));
    const changes = marked.map((entry) => change(entry, 'applied'));
    const unchanged = meant.length - marked.length;
    if (changes.length === 0) return { outcome: 'done', changes, unchanged };
    if (!(await options.confirm(changes))) return { outcome: 'declined', changes, unchanged };
    await underLease(control, lease, async () => {
      for (const entry of marked)
        await settleFile(control, ledger, {
          command: 'baseline',
          entry,
          as: 'applied',
          reason: options.to === undefined ? 'baseline' : `baseline up to ${options.to}`,
        });
    });
    return { outcome: 'done', changes, unchanged };
  });
}

/** Settles one migration, or one statement of it, by what a person knows. */
export async function repair(
  options: SettleOptions & {
    readonly file: string;
    readonly as: Verdict;
    readonly reason: string;
    /** From 1. */
    readonly statement?: number;
  },
): Promise<Settled> {
  const { file, as, reason, statement } = options;
  return withLedger(options, async ({ control, ledger, lease, entries }) => {
    const entry = findEntry(entries, file);
    if (entry === null) throw unknownMigration(file, entries);
    const settlement = { command: 'repair' as const, entry, as, reason };
    if (statement === undefined && standsAlready(entry, as)) return { outcome: 'done', changes: [], unchanged: 1 };
    const changes = [{ ...change(entry, as), statement: statement ?? null }];
    if (statement !== undefined) refuseWhole(entry);
    if (!(await options.confirm(changes))) return { outcome: 'declined', changes, unchanged: 0 };
    await underLease(control, lease, async () => {
      if (statement === undefined) await settleFile(control, ledger, settlement);
      else if (!(await settleStatement(control, ledger, settlement, statement - 1))) {
        throw new Problem(`Statement ${statement} of ${entry.path} was never begun; there is nothing to settle.`, {
          advice: 'Statements are counted from 1, as they stand in the file.',
        });
      }
    });
    return { outcome: 'done', changes, unchanged: 0 };
  });
}

function standsAlready({ standing }: PlanEntry, as: Verdict): boolean {
  return as === 'pending' ? standing === 'pending' : standing === 'applied' || standing === 'missing';
}

/** A file of which all stands, or nothing, has no statement whose end is open. */
function refuseWhole(entry: PlanEntry): void {
  if (entry.row !== null && !isApplied(entry)) return;
  throw new Problem(`${entry.path} is ${entry.standing}; only a file that was begun has statements to settle.`, {
    advice: 'Leave out --statement to settle the file as a whole.',
  });
}

function change({ name, path, standing }: PlanEntry, after: Verdict): Change {
  return { name, path, before: standing, after, statement: null };
}

interface Books {
  readonly control: Session;
  readonly ledger: Ledger;
  readonly lease: Lease;
  readonly entries: readonly PlanEntry[];
}

/** As the only one who works on migrations here; where there is a runner it does not wait for it. */
function withLedger<T>(
  { connection, files, schema, runner }: SettleOptions,
  work: (books: Books) => Promise<T>,
): Promise<T> {
  return withSession(connection, { applicationName: 'tiptoe: repair', settings: CONTROL_SETTINGS }, async (control) => {
    requirePrimary(await readServer(control), connection);
    await requireDirect(control);
    await ensureOwnSchema(control, ledgerTables(schema));
    try {
      return await asTheOnlyOne(control, { files, schema, runner }, work);
    } catch (error) {
      if (sqlstate(error) !== SQLSTATE.insufficient_privilege) throw error;
      throw await missingPrivilege(control, { schema }, 'write', error);
    }
  });
}

async function asTheOnlyOne<T>(
  control: Session,
  { files, schema, runner }: Pick<SettleOptions, 'files' | 'schema' | 'runner'>,
  work: (books: Books) => Promise<T>,
): Promise<T> {
  const lease = await acquireLease(control, {
    schema,
    name: 'migrate',
    owner: `${runner.from}, tiptoe ${runner.toolVersion}`,
    waitMs: 0,
    ttlMs: LEASE_MS,
    advice: 'What it does would be settled over its head; run this again when it is done.',
  });
  try {
    const entries = plan(files, await readLedger(control, schema), ({ text }) => checksum(text));
    return await work({ control, ledger: { schema, runner }, lease, entries });
  } finally {
    await lease.release(control);
  }
}
