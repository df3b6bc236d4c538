import type { ConnectionSettings } from '../db/connection.ts';
import { isSqlFailure, sqlstate } from '../db/errors.ts';
import { missingPrivilege } from '../db/own-schema.ts';
import { readVersion } from '../db/server.ts';
import { type Session, withSession } from '../db/session.ts';
import { withTransaction } from '../db/transaction.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import { Problem } from '../problem.ts';

/** Reads in a transaction of its own. */
export type Reading = <T>(work: (session: Session) => Promise<T>) => Promise<T>;

/**
 * For commands that only look: the server itself refuses them every write, and who stands behind a lock gives way to it soon. What is set
 * lasts for a transaction, so that not even a pooler passes it on to others.
 */
export async function readOnServer<T>(
  connection: ConnectionSettings,
  applicationName: string,
  schema: string,
  work: (read: Reading, session: Session) => Promise<T>,
): Promise<T> {
  return withSession(connection, { applicationName }, async (session) => {
    const read: Reading = (query) =>
      withTransaction(session, async () => {
        await session.exec(`SET TRANSACTION READ ONLY; ${LIMITS}`);
        return query(session);
      });
    try {
      await readVersion(session);
      return await work(read, session);
    } catch (error) {
      throw await readingProblem(error, session, schema);
    }
  });
}

const LIMITS = `SET LOCAL lock_timeout = '500ms'; SET LOCAL statement_timeout = '5s'; SET LOCAL search_path = pg_catalog`;

async function readingProblem(error: unknown, session: Session, schema: string): Promise<unknown> {
  if (!isSqlFailure(error)) return error;
  if (sqlstate(error) === SQLSTATE.insufficient_privilege) return missingPrivilege(session, { schema }, 'read', error);
  if (sqlstate(error) === SQLSTATE.lock_not_available || sqlstate(error) === SQLSTATE.query_canceled) {
    return new Problem(`The server did not answer in time: ${error.message}.`, {
      advice: `Someone may hold tiptoe's tables in schema ${schema} under a lock (pg_locks says who), or the server is busy; try again.`,
      cause: error,
    });
  }
  return error;
}
