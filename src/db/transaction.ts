import { ConnectionLost } from './errors.ts';
import type { Session } from './session.ts';

/** The connection was lost during COMMIT: only the server knows whether it happened. */
export class CommitUnknown extends ConnectionLost {
  constructor(cause: unknown) {
    super(cause);
    this.name = 'CommitUnknown';
  }
}

/**
 * Runs `work` in a transaction: commits what it did, or rolls back and throws on what it threw. Throws
 * CommitUnknown when the connection goes away during COMMIT.
 */
export async function withTransaction<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.exec('BEGIN');
  let result: T;
  try {
    result = await work();
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
