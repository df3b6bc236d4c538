import { FAMILY } from './family.ts';
import type { Signal } from './signal.ts';

/**
 * Sessions that wait for a lock on the table itself, or a partition of it: a migration, say. Traffic queues behind them, so they should
 * have it soon; the next batch would only queue too.
 */
export function lockWaiters(table: { readonly oid: string; readonly shown: string }): Signal {
  return {
    name: 'lock waiters',
    async read(session, { ownPids }) {
      const [waiter] = await session.query<{ pid: number; mode: string }>(
        `SELECT l.pid, l.mode FROM pg_catalog.pg_locks l
          WHERE l.locktype = 'relation' AND NOT l.granted
            AND l.relation IN (${FAMILY})
            AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
            AND l.pid <> ALL ($2::pg_catalog.int4[])
          ORDER BY l.pid LIMIT 1`,
        [table.oid, ownPids.map(String)],
      );
      return waiter === undefined
        ? { kind: 'go' }
        : { kind: 'stop', reason: `pid ${waiter.pid} waits for ${waiter.mode} on ${table.shown}` };
    },
  };
}
