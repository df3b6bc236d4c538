import type { Script } from '../sql/statement.ts';
import { UnknownOutcome } from './after-crash.ts';
import { dropLeftovers } from './clean-up.ts';
import type { RunContext } from './context.ts';
import type { MigrationFile } from './discovery.ts';
import { waitForEarlierRun } from './earlier-run.ts';
import { madeValid } from './leftovers.ts';
import { forgetStatement, recordStands, statementChecksum, type StatementRow } from './ledger.ts';
import { stop, type Stop } from './stop.ts';

/** Running them once more, or not at all, leaves nothing behind that matters. */
const HARMLESS: ReadonlySet<string> = new Set(['AlterSystem', 'Cluster', 'Discard', 'Vacuum']);

/**
 * Settles what earlier runs have begun outside of a transaction and the file no longer has: waits for its end, drops what it has left, and
 * forgets it. Says why the run ends here when it has happened after all.
 */
export async function settleEdited(
  context: RunContext,
  file: MigrationFile,
  script: Script,
  before: readonly StatementRow[],
): Promise<Stop | null> {
  const { control, ledger } = context;
  for (const row of before) {
    if (row.state === 'done' || isThere(script, row)) continue;
    const place = { path: file.path, line: row.line };
    if (row.state === 'running') {
      await waitForEarlierRun(context, place, row.backend);
      const happened = await hasHappened(context, row);
      if (typeof happened === 'object') return halfDetached(file, row, happened);
      if (happened) {
        await recordStands(control, ledger, file, row.index);
        return editedStatement(file, row);
      }
    }
    await dropLeftovers(context, place, row.trail);
    await forgetStatement(control, ledger, file, row.index);
  }
  return null;
}

/** A half-done file may be corrected where it failed, not in what stands already. */
export function changedSince(file: MigrationFile, script: Script, before: readonly StatementRow[]): Stop | null {
  const changed = before.find((row) => row.state === 'done' && !isThere(script, row));
  return changed === undefined ? null : editedStatement(file, changed);
}

/** Whether the file still has the statement of an earlier run. */
export function isThere({ statements }: Script, { index, checksum }: StatementRow): boolean {
  const statement = statements.find((one) => one.index === index);
  return statement !== undefined && statementChecksum(statement) === checksum;
}

function editedStatement({ path }: MigrationFile, { index }: StatementRow): Stop {
  return stop(
    'edited',
    `${path} is half-done, and statement ${index + 1}, which stands already, was edited.`,
    'Restore that statement as it was; only what comes after the statements that stand may change.',
  );
}

interface HalfDetached {
  readonly parent: string;
  readonly partition: string;
}

/** Of a statement whose text is gone, as far as the ledger and the server know. */
async function hasHappened(
  { main }: RunContext,
  { index, line, kind, trail }: StatementRow,
): Promise<boolean | HalfDetached> {
  switch (kind) {
    case 'Index':
      return madeValid(main, trail);
    case 'Drop': {
      const [there] = await main.query(
        `SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
          WHERE i.indrelid = ANY ($1::pg_catalog.oid[]) AND c.relname = $2`,
        [trail.tables.map(String), trail.index],
      );
      return there === undefined;
    }
    case 'Reindex':
      return false;
    case 'AlterTable': {
      const [row] = await main.query<HalfDetached & { pending: boolean }>(
        `SELECT coalesce((pg_catalog.to_jsonb(i) ->> 'inhdetachpending')::pg_catalog.bool, false) AS pending,
                i.inhparent::pg_catalog.regclass::pg_catalog.text AS parent, i.inhrelid::pg_catalog.regclass::pg_catalog.text AS partition
           FROM pg_catalog.pg_inherits i WHERE i.inhrelid = ANY ($1::pg_catalog.oid[])`,
        [trail.tables.map(String)],
      );
      return row === undefined || (row.pending && row);
    }
    default:
      if (HARMLESS.has(kind)) return false;
      throw new UnknownOutcome({ index, line });
  }
}

function halfDetached({ path }: MigrationFile, { index }: StatementRow, { parent, partition }: HalfDetached): Stop {
  return stop(
    'edited',
    `${path} is half-done: statement ${index + 1}, which was edited, has half detached the partition ${partition}.`,
    `Restore that statement, and it is finished; or finish it by hand: ALTER TABLE ${parent} DETACH PARTITION ${partition} FINALIZE.`,
  );
}
