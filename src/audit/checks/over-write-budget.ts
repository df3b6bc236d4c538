import { budgetOf } from '../../lint/write-budgets.ts';
import { qualify, quoteLiteral } from '../../postgres/quote.ts';
import { type AuditContext, defineCheck, found, type Sample, unseen } from '../check.ts';
import { isTheirs } from '../sql.ts';
import { roughTime } from '../words.ts';

interface Row {
  readonly schema: string;
  readonly table: string;
  readonly writes: string;
}

/** Too few writes to speak of a rate: what a migration or a test inserted. */
const LEAST_WRITES = 100;

export const overWriteBudget = defineCheck<Row>({
  name: 'over-write-budget',
  category: 'policy',
  severity: 'error',
  docs: {
    what: 'A table that is written more than `-- tiptoe:writes` in its migration declares, or than `newTables` in the config allows.',
    why: 'The decision to keep the table on the one primary was made for less: WAL, replication, vacuum and cache are shared with everything else.',
    instead: 'Write less, move it elsewhere, or decide anew: declare the rate as it is, with its reason.',
    source: 'https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ALL-TABLES-VIEW',
  },
  sampled: true,
  sql: (context) => {
    if (context.budgets.made.length === 0 && Object.keys(context.budgets.named).length === 0) return null;
    if (context.isStandby) {
      return unseen({
        message: 'this is a standby, which does not count what is written',
        look: 'SELECT pg_is_in_recovery();',
        instead: 'Run it on the primary.',
      });
    }
    return `
      WITH RECURSIVE part AS (
        SELECT c.oid AS root, c.oid AS relation
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND ${isTheirs(context)}
        UNION ALL
        SELECT p.root, h.inhrelid
          FROM part p JOIN pg_inherits h ON h.inhparent = p.relation JOIN pg_class c ON c.oid = h.inhrelid AND c.relispartition
      )
      SELECT n.nspname AS schema, c.relname AS "table", coalesce(sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del), 0)::text AS writes
        FROM part p
        JOIN pg_class c ON c.oid = p.root
        JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_stat_user_tables s ON s.relid = p.relation
       GROUP BY 1, 2 ORDER BY 1, 2`;
  },
  judge: (rows, context, sample) => {
    const measured = sample === null ? sinceReset(rows, context) : during(rows, sample);
    if (measured === null) {
      return [
        unseen({
          message: 'the server does not say since when it counts writes',
          look: `SELECT stats_reset FROM pg_stat_database WHERE datname = current_database();`,
          instead: 'Measure them now: tiptoe audit --sample 60s.',
        }),
      ];
    }
    return measured.flatMap(({ schema, table, writes, perSecond, how }) => {
      const budget = budgetOf(context.budgets, schema, table);
      if (budget === undefined || perSecond <= budget.perSecond || writes < LEAST_WRITES) return [];
      const name = qualify(schema, table);
      return [
        found({
          object: `${schema}.${table}`,
          relation: `${schema}.${table}`,
          message: `${schema}.${table} is written ${Number(perSecond.toPrecision(3))} times a second, ${how}, and its budget is ${budget.said}`,
          look: `SELECT n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables WHERE relid = ${quoteLiteral(name)}::regclass;`,
          instead:
            'Write less (batches, aggregates), keep it elsewhere, or declare the rate as it is: -- tiptoe:writes in its migration, or newTables.tables in the config.',
        }),
      ];
    });
  },
});

interface Measured {
  readonly schema: string;
  readonly table: string;
  readonly writes: number;
  readonly perSecond: number;
  /** Over which time. */
  readonly how: string;
}

function sinceReset(rows: readonly Row[], { countingSince, countingSeconds }: AuditContext): Measured[] | null {
  if (countingSeconds === null) return null;
  const seconds = Math.max(1, countingSeconds);
  const how = `on average since the statistics were reset on ${countingSince ?? ''}`;
  return rows.map(({ schema, table, writes }) => ({
    schema,
    table,
    writes: Number(writes),
    perSecond: Number(writes) / seconds,
    how,
  }));
}

function during(rows: readonly Row[], { earlier, seconds }: Sample<Row>): Measured[] {
  const before = new Map(earlier.map(({ schema, table, writes }) => [JSON.stringify([schema, table]), Number(writes)]));
  const how = `measured for ${roughTime(seconds)}`;
  return rows.flatMap(({ schema, table, writes: now }) => {
    const writes = Number(now) - (before.get(JSON.stringify([schema, table])) ?? Number(now));
    return [{ schema, table, writes, perSecond: writes / Math.max(0.1, seconds), how }];
  });
}
