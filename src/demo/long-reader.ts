import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionSettings } from '../db/connection.ts';
import { withSession } from '../db/session.ts';
import { REPORT } from './shop.ts';

/** What the reader calls itself. */
export const READER = 'nightly report';

export const READER_MS = 3_000;

/**
 * Does `work` while somebody else has read the orders and keeps the transaction open for a while, as a report does whose program is busy
 * with the rows. Ends when both have.
 */
export function behindLongReader<T>(
  connection: ConnectionSettings,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  return withSession(connection, { applicationName: READER }, async (reader) => {
    const hold = async (): Promise<void> => {
      await sleep(READER_MS, undefined, { signal }).catch(() => undefined);
      await reader.exec('COMMIT');
    };
    await reader.exec('BEGIN');
    await reader.query(REPORT);
    const [result] = await Promise.all([work(), hold()]);
    return result;
  });
}
