import { setTimeout as sleep } from 'node:timers/promises';
import { sqlstate } from '../db/errors.ts';
import type { Session } from '../db/session.ts';
import { CommitUnknown } from '../db/transaction.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import type { Statement } from '../sql/statement.ts';
import type { MigrationFile } from './discovery.ts';
import { type Ledger, readStatements } from './ledger.ts';

/** How long a backend may take to notice that its client is gone. */
const SETTLED_AFTER_MS = 10_000;
const SETTLED_POLL_MS = 50;

/**
 * After the connection was lost during COMMIT: whether it happened. Asks once the server has settled the transaction; then the ledger knows,
 * also on a server that has taken over meanwhile and gives the same number to another transaction.
 */
export async function commitStands(
  control: Session,
  ledger: Ledger,
  xid: string | null,
  file: MigrationFile,
  statements: readonly { readonly statement: Statement }[],
): Promise<boolean> {
  const until = performance.now() + SETTLED_AFTER_MS;
  const settling = async () => xid !== null && isInProgress(control, xid);
  while (await settling()) {
    if (performance.now() > until) throw new CommitUnknown('the server is still busy with it');
    await sleep(SETTLED_POLL_MS);
  }
  const rows = await readStatements(control, ledger, file.name);
  const done = new Set(rows.filter(({ state }) => state === 'done').map(({ index }) => index));
  return statements.every(({ statement }) => done.has(statement.index));
}

async function isInProgress(control: Session, xid: string): Promise<boolean> {
  try {
    const rows = await control.query(`SELECT WHERE pg_catalog.pg_xact_status($1::pg_catalog.xid8) = 'in progress'`, [
      xid,
    ]);
    return rows.length > 0;
  } catch (error) {
    // A number of the future: this is another server.
    if (sqlstate(error) === SQLSTATE.invalid_parameter_value) return false;
    throw error;
  }
}
