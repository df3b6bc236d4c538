import { qualify, quoteLiteral } from '../../postgres/quote.ts';
import { defineCheck, found } from '../check.ts';
import { grouped } from '../words.ts';

interface Row {
  readonly schema: string;
  readonly table: string;
  /** Transactions, and row locks of several (multixacts), since the oldest one in the table or its TOAST. */
  readonly xids: string;
  readonly multixacts: string;
  /** From which age on autovacuum freezes a table, whatever else it has to do. */
  readonly xidLimit: string;
  readonly multixactLimit: string;
}

/** Twice what should have made autovacuum come; and where vacuum drops everything else to be in time. */
const LATE = 2;
const MOST_LATE = 1_200_000_000;
const FAILSAFE = 1_600_000_000;

export const wraparoundAge = defineCheck<Row>({
  name: 'wraparound-age',
  category: 'correctness',
  severity: 'warning',
  docs: {
    what: 'A table that no vacuum has frozen for far longer than autovacuum_freeze_max_age.',
    why: 'Something keeps autovacuum from it: a lock that is taken again and again, an old snapshot, a slot. At two billion transactions the server takes no more writes.',
    instead: 'End what holds it up (long and prepared transactions, slots), then VACUUM (FREEZE, VERBOSE) it.',
    source: 'https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-WRAPAROUND',
  },
  sql: () => `
    SELECT * FROM (
      SELECT n.nspname AS schema, c.relname AS "table",
             greatest(age(c.relfrozenxid), coalesce(age(t.relfrozenxid), 0))::text AS xids,
             greatest(mxid_age(c.relminmxid), coalesce(mxid_age(t.relminmxid), 0))::text AS multixacts,
             current_setting('autovacuum_freeze_max_age') AS "xidLimit",
             current_setting('autovacuum_multixact_freeze_max_age') AS "multixactLimit"
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
       WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND c.relfrozenxid <> '0'::xid) AS tables
     WHERE xids::int8 > "xidLimit"::int8 OR multixacts::int8 > "multixactLimit"::int8
     ORDER BY greatest(xids::int8, multixacts::int8) DESC, 1, 2 LIMIT 100`,
  judge: (rows) =>
    rows.flatMap(({ schema, table, ...row }) => {
      const ages = [
        { age: Number(row.xids), limit: Number(row.xidLimit), what: 'transactions' },
        { age: Number(row.multixacts), limit: Number(row.multixactLimit), what: 'multixacts' },
      ];
      const late = ages.find(({ age, limit }) => age > Math.min(limit * LATE, MOST_LATE));
      if (late === undefined) return [];
      const name = qualify(schema, table);
      return [
        found({
          object: `${schema}.${table}`,
          relation: `${schema}.${table}`,
          message: `${schema}.${table} was frozen ${grouped(late.age)} ${late.what} ago, and autovacuum should have done so after ${grouped(late.limit)}`,
          look: `SELECT age(relfrozenxid), mxid_age(relminmxid), last_autovacuum FROM pg_class JOIN pg_stat_all_tables ON relid = pg_class.oid WHERE relid = ${quoteLiteral(name)}::regclass;`,
          instead: `VACUUM (FREEZE, VERBOSE) ${name};`,
          severity: late.age > FAILSAFE ? 'error' : 'warning',
        }),
      ];
    }),
});
