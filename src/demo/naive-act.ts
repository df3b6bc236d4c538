import type { ConnectionSettings } from '../db/connection.ts';
import { openSession } from '../db/session.ts';
import { parseScript } from '../sql/script.ts';

/** Runs a file as psql does: statement by statement, each with all the time it wants. Aborted, it drops the connection. */
export async function runAsPsql(
  connection: ConnectionSettings,
  { path, text }: { readonly path: string; readonly text: string },
  signal: AbortSignal,
): Promise<void> {
  const session = await openSession(connection, { applicationName: 'psql' });
  const drop = (): void => session.destroy();
  signal.addEventListener('abort', drop);
  try {
    for (const statement of parseScript(path, text, {}).statements) await session.exec(statement.text);
    await session.close();
  } finally {
    signal.removeEventListener('abort', drop);
    session.destroy();
  }
}
