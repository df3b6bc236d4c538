import { sqlstate } from '../../db/errors.ts';
import type { Session } from '../../db/session.ts';
import { quoteIdent } from '../../postgres/quote.ts';
import { SQLSTATE } from '../../postgres/sqlstate.ts';

/** Reads what only pg_monitor may see; throws an error that shows the GRANT to a role that may not. */
export async function missingMonitor<T>(session: Session, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (sqlstate(error) !== SQLSTATE.insufficient_privilege) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${message}: ${await monitorGrant(session)}`, { cause: error });
  }
}

/** What a superuser has to run, so that this role may see what others do. */
export async function monitorGrant(session: Session): Promise<string> {
  const [row] = await session.query<{ role: string }>('SELECT current_user AS role');
  return `GRANT pg_monitor TO ${quoteIdent(row?.role ?? session.connection.user)};`;
}
