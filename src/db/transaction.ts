import { ConnectionLost } from './errors.ts';
import type { CommandResult, Session } from './session.ts';

/** The connection was lost during COMMIT: only the server knows whether it happened. */
export class CommitUnknown extends ConnectionLost {
  constructor(cause: unknown) {
    super(cause);
    this.name = 'CommitUnknown';
  }
}

/**
 * Runs `work` in a transaction: commits what it did, or rolls back and throws on what it threw. Throws
 * CommitUnknown when the connection goes away during COMMIT. `begin` may have statements after its BEGIN, which then take no message of
 * their own; `work` is given what they did.
 */
export async function withTransaction<T>(
  session: Session,
  work: (begun: readonly CommandResult[]) => Promise<T>,
  begin = 'BEGIN',
): Promise<T> {
  let result: T;
  try {
    result = await work(await session.exec(begin));
  } catch (error) {
    // The first error is the one that matters; a lost connection rolls back by itself.
    await session.exec('ROLLBACK').catch(() => {});
    throw error;
  }
  await commit(session);
  return result;
}

async function commit(session: Session): Promise<void> {
  let command: string | undefined;
  try {
    command = (await session.exec('COMMIT')).at(-1)?.command;
  } catch (error) {
    throw error instanceof ConnectionLost ? new CommitUnknown(error.cause) : error;
  }
  // After an error that `work` swallowed, the server answers COMMIT with a rollback, and calls that a success.
  if (command !== 'COMMIT') throw new Error('The transaction had failed and was rolled back instead of committed.');
}
