import { formatDuration, roughDuration } from '../../duration.ts';
import { monitorGrant } from './monitor.ts';
import type { Signal } from './signal.ts';

/** A transaction in this database that has been open for long: as long as it is, vacuum removes nothing that batches leave behind. */
export const oldestTransaction: Signal = {
  name: 'oldest transaction',
  async read(session, { settings: { maxTransactionAgeMs }, ownPids }) {
    if (maxTransactionAgeMs === null) return { kind: 'go' };
    const [oldest] = await session.query<{ who: string; ms: string | null }>(
      `SELECT o.who, extract(epoch FROM pg_catalog.clock_timestamp() - o.since) * 1000 AS ms
         FROM (SELECT 'pid ' || a.pid AS who,
                      CASE WHEN a.query = '<insufficient privilege>' THEN NULL ELSE coalesce(a.xact_start, 'infinity') END AS since
                 FROM pg_catalog.pg_stat_activity a
                WHERE a.datname = pg_catalog.current_database() AND coalesce(a.backend_type, 'client backend') = 'client backend'
                  AND a.pid <> ALL ($1::pg_catalog.int4[])
               UNION ALL
               SELECT 'the prepared transaction ' || p.gid, p.prepared FROM pg_catalog.pg_prepared_xacts p
                WHERE p.database = pg_catalog.current_database()) AS o
        WHERE o.since IS DISTINCT FROM 'infinity' ORDER BY o.since NULLS FIRST LIMIT 1`,
      [ownPids.map(String)],
    );
    if (oldest === undefined) return { kind: 'go' };
    if (oldest.ms === null) {
      const grant = await monitorGrant(session);
      return { kind: 'stop', reason: `how long the transaction of ${oldest.who} is open is hidden: ${grant}` };
    }
    const ms = Number(oldest.ms);
    if (ms <= maxTransactionAgeMs) return { kind: 'go' };
    return {
      kind: 'stop',
      reason: `the transaction of ${oldest.who} is open for ${roughDuration(ms)} (max-transaction-age ${formatDuration(maxTransactionAgeMs)})`,
    };
  },
};
