import { isConnectionLost } from '../db/errors.ts';
import type { Session } from '../db/session.ts';
import type { BackfillEvent } from './event.ts';
import type { Signal } from './signals/signal.ts';
import { readTimeLost } from './waits.ts';

export interface FiguresOptions {
  readonly schema: string;
  readonly name: string;
  readonly table: { readonly oid: string };
  /** Of the standby that is furthest behind; null where there is none. */
  readonly lagMs: () => number | null;
  readonly emit: (event: BackfillEvent) => void;
}

const EVERY_MS = 5_000;

/** Tells those who watch how the server fares. It is read with the signals, before all of them, and holds nothing up. */
export function figures({ schema, name, table, lagMs, emit }: FiguresOptions): Signal {
  let toldAt = -Infinity;
  return {
    name: 'figures',
    async read(session) {
      if (performance.now() - toldAt < EVERY_MS) return { kind: 'go' };
      toldAt = performance.now();
      try {
        const deadRows = await readDeadRows(session, table.oid);
        const timeLost = await readTimeLost(session, schema, name);
        emit({
          event: 'figures',
          replicaLagMs: lagMs(),
          deadRows,
          timeLost: timeLost.map(({ signal, seconds }) => ({ signal, seconds })),
        });
      } catch (error) {
        if (isConnectionLost(error)) throw error;
      }
      return { kind: 'go' };
    },
  };
}

/** Of a table and its partitions, as the statistics have them. */
async function readDeadRows(session: Session, oid: string): Promise<number> {
  const [row] = await session.query<{ dead: string }>(
    `SELECT coalesce(sum(s.n_dead_tup), 0) AS dead FROM pg_catalog.pg_stat_all_tables s
      WHERE s.relid = $1::pg_catalog.oid
         OR s.relid IN (SELECT t.relid FROM pg_catalog.pg_partition_tree($1::pg_catalog.oid::pg_catalog.regclass) t)`,
    [oid],
  );
  return Number(row?.dead ?? 0);
}
