import { isConnectionLost, isSqlFailure } from '../db/errors.ts';
import type { Session } from '../db/session.ts';
import type { BackfillResult, Ended } from './event.ts';
import type { Store } from './store.ts';
import { readUpkeep, rowsInsertedSince } from './upkeep.ts';

type Aftermath = Omit<BackfillResult, keyof Ended> & Partial<Pick<Ended, 'rowsDone' | 'rowsVisited' | 'batches'>>;

const NOT_KNOWN: Aftermath = { upkeep: null, cameMeanwhile: null };

/** How the tables fare at the end of a run, with its last rows counted; `main` is the session that changed them. */
export async function readAftermath(main: Session, store: Store, name: string): Promise<Aftermath> {
  try {
    await flushCounters(main);
    const stored = await store.load(main, name);
    if (stored === null) return NOT_KNOWN;
    // Other workers may have ended a moment later than the one that tells how it ended.
    const { rowsDone, rowsVisited, batches } = stored.progress;
    return {
      rowsDone,
      rowsVisited,
      batches,
      upkeep: await readUpkeep(main, store.schema, stored),
      cameMeanwhile: stored.cannotTell === null ? null : await rowsInsertedSince(main, store.schema, stored),
    };
  } catch (error) {
    // How it ended stands, whatever becomes of the figures.
    if (isSqlFailure(error) || isConnectionLost(error)) return NOT_KNOWN;
    throw error;
  }
}

/** As long as a session waits before it tells the server what it did, before 15. */
const TOLD_AFTER_S = 0.6;

async function flushCounters(session: Session): Promise<void> {
  const [server] = await session.query<{ version: string }>(
    `SELECT pg_catalog.current_setting('server_version_num') AS version`,
  );
  if (Number(server?.version ?? 0) >= 150_000) {
    await session.query('SELECT pg_catalog.pg_stat_force_next_flush()');
    return;
  }
  // Once until it is told, once until it can be read.
  for (let wait = 0; wait < 2; wait += 1) await session.query(`SELECT pg_catalog.pg_sleep(${TOLD_AFTER_S})`);
}
