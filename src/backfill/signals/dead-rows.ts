import type { Session } from '../../db/session.ts';
import { FAMILY } from './family.ts';
import { judge, type Signal, type Verdict } from './signal.ts';

interface Table {
  readonly oid: string;
  readonly shown: string;
}

interface Counts {
  readonly dead: number;
  readonly live: number;
  /** From so many dead rows on autovacuum comes by itself. */
  readonly vacuumedFrom: number;
  readonly vacuuming: boolean;
}

/** A share of fewer dead rows says nothing. */
const FEW = 1_000;

/** Dead rows of the table, its partitions included: batches leave as many as they change, and vacuum has to keep up. */
export function deadRows(table: Table): Signal {
  return {
    name: 'dead rows',
    async read(session, { settings: { maxDeadShare } }) {
      return maxDeadShare === null
        ? { kind: 'go' }
        : judgeDead(await readDeadRows(session, table.oid), maxDeadShare, table.shown);
    },
  };
}

function judgeDead({ dead, live, vacuumedFrom, vacuuming }: Counts, most: number, table: string): Verdict {
  const share = dead < FEW ? 0 : dead / (dead + live);
  const percent = (value: number): string => `${Math.round(value * 1000) / 10} %`;
  const what = `${percent(share)} of the rows of ${table} are dead (max-dead ${percent(most)})`;
  const help = vacuuming
    ? '; vacuum is at work'
    : dead < vacuumedFrom
      ? `; autovacuum comes only from ${Math.ceil(vacuumedFrom)} dead rows on: VACUUM ${table}`
      : '';
  const verdict = judge(share, most, `${what}${help}`);
  if (verdict.kind !== 'go' || !vacuuming) return verdict;
  return { kind: 'slow', times: 2, reason: `vacuum works on ${table}`, by: 'autovacuum' };
}

/** Of a table and its partitions, by the statistics. A vacuum holds ShareUpdateExclusiveLock, which everyone may see. */
export async function readDeadRows(session: Session, oid: string): Promise<Counts> {
  const [row] = await session.query<{ dead: string; live: string; vacuumedFrom: string; vacuuming: boolean }>(
    `WITH parts AS (
       SELECT c.oid, greatest(c.reltuples, 0) AS rows,
              (SELECT o.option_value FROM pg_catalog.pg_options_to_table(c.reloptions) o
                WHERE o.option_name = 'autovacuum_vacuum_threshold')::pg_catalog.float8 AS base,
              (SELECT o.option_value FROM pg_catalog.pg_options_to_table(c.reloptions) o
                WHERE o.option_name = 'autovacuum_vacuum_scale_factor')::pg_catalog.float8 AS scale
         FROM pg_catalog.pg_class c
        WHERE c.oid IN (${FAMILY}))
     SELECT coalesce(sum(s.n_dead_tup), 0) AS dead, coalesce(sum(s.n_live_tup), 0) AS live,
            coalesce(sum(coalesce(p.base, pg_catalog.current_setting('autovacuum_vacuum_threshold')::pg_catalog.float8)
              + coalesce(p.scale, pg_catalog.current_setting('autovacuum_vacuum_scale_factor')::pg_catalog.float8) * p.rows), 0) AS "vacuumedFrom",
            EXISTS (SELECT FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
                     WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'ShareUpdateExclusiveLock'
                       AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
                       AND l.relation IN (SELECT oid FROM parts)
                       AND (a.usesysid IS NULL OR a.query ILIKE 'vacuum%')) AS vacuuming
       FROM parts p JOIN pg_catalog.pg_stat_all_tables s ON s.relid = p.oid`,
    [oid],
  );
  if (row === undefined) throw new Error('the server gave no statistics');
  return {
    dead: Number(row.dead),
    live: Number(row.live),
    vacuumedFrom: Number(row.vacuumedFrom),
    vacuuming: row.vacuuming,
  };
}
