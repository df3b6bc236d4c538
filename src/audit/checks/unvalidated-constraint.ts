import { qualify, quoteIdent, quoteLiteral } from '../../postgres/quote.ts';
import { defineCheck, found } from '../check.ts';
import { columnNames, isTheirs, names } from '../sql.ts';

interface Row {
  readonly schema: string;
  /** The table, or the domain. */
  readonly owner: string;
  readonly isDomain: boolean;
  readonly name: string;
  /** `c` for CHECK, `f` for a foreign key, `n` for NOT NULL. */
  readonly type: string;
  readonly definition: string;
  readonly expression: string | null;
  readonly columns: string | null;
  readonly referencedSchema: string | null;
  readonly referencedTable: string | null;
  readonly referencedColumns: string | null;
}

export const unvalidatedConstraint = defineCheck<Row>({
  name: 'unvalidated-constraint',
  category: 'correctness',
  severity: 'warning',
  docs: {
    what: 'A CHECK, a foreign key or (PostgreSQL 18) a NOT NULL that was added NOT VALID and never validated.',
    why: 'Rows from before it may break it, so that neither the application nor the planner can rely on it, and a dump with such rows cannot be restored.',
    instead: 'Look for rows that break it, mend them, then VALIDATE CONSTRAINT: it reads the table while writes go on.',
    source: 'https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-VALIDATE-CONSTRAINT',
  },
  // What a partition or heir only inherits is told of its parent. NOT ENFORCED constraints are never valid, and meant so.
  sql: (context) => `
    SELECT coalesce(n.nspname, yn.nspname) AS schema, coalesce(t.relname, y.typname) AS owner, t.oid IS NULL AS "isDomain",
           k.conname AS name, k.contype::text AS type, pg_get_constraintdef(k.oid) AS definition,
           CASE WHEN k.contype = 'c' AND t.oid IS NOT NULL THEN pg_get_expr(k.conbin, k.conrelid) END AS expression,
           ${columnNames('k.conrelid', 'k.conkey')} AS columns, rn.nspname AS "referencedSchema", r.relname AS "referencedTable",
           ${columnNames('k.confrelid', 'k.confkey')} AS "referencedColumns"
      FROM pg_constraint k
      LEFT JOIN pg_class t ON t.oid = k.conrelid
      LEFT JOIN pg_namespace n ON n.oid = t.relnamespace
      LEFT JOIN pg_type y ON y.oid = k.contypid
      LEFT JOIN pg_namespace yn ON yn.oid = y.typnamespace
      LEFT JOIN pg_class r ON r.oid = k.confrelid
      LEFT JOIN pg_namespace rn ON rn.oid = r.relnamespace
     WHERE NOT k.convalidated AND k.contype IN ('c', 'f', 'n') AND k.conparentid = 0 AND (k.conislocal OR k.coninhcount = 0)
       ${context.version >= 18 ? 'AND k.conenforced' : ''}
       AND (y.oid IS NOT NULL OR (${isTheirs(context, 't')}))
     ORDER BY 1, 2, 4`,
  judge: (rows) =>
    rows.map((row) => {
      const { schema, owner, isDomain, name, definition } = row;
      const change = `ALTER ${isDomain ? 'DOMAIN' : 'TABLE'} ${qualify(schema, owner)} VALIDATE CONSTRAINT ${quoteIdent(name)};`;
      return found({
        object: `${schema}.${owner}.${name}`,
        relation: isDomain ? null : `${schema}.${owner}`,
        message: `the constraint ${name} of ${isDomain ? 'the domain ' : ''}${schema}.${owner} was never validated: ${definition.replace(/ NOT VALID$/, '')}`,
        look: broken(row),
        instead: isDomain
          ? `Mend the values that break it, then: ${change} It reads every table that uses the domain, and blocks writes to them meanwhile.`
          : `Mend the rows that break it, then: ${change} It reads the whole table while reads and writes go on.`,
      });
    }),
});

/** A query for rows that break it. */
function broken({ schema, owner, isDomain, name, type, expression, ...row }: Row): string {
  const table = qualify(schema, owner);
  if (isDomain || (type === 'c' && expression === null)) {
    return `SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contypid = ${quoteLiteral(table)}::regtype AND conname = ${quoteLiteral(name)};`;
  }
  const columns = names(row.columns).map(quoteIdent);
  if (type === 'c') return `SELECT * FROM ${table} WHERE NOT (${expression ?? ''}) LIMIT 10;`;
  if (type === 'n') return `SELECT * FROM ${table} WHERE ${columns[0] ?? ''} IS NULL LIMIT 10;`;
  const referenced = qualify(row.referencedSchema ?? undefined, row.referencedTable ?? '');
  const same = names(row.referencedColumns).map((column, at) => `r.${quoteIdent(column)} = t.${columns[at] ?? ''}`);
  const filled = columns.map((column) => `t.${column} IS NOT NULL`);
  return `SELECT t.* FROM ${table} t WHERE ${filled.join(' AND ')} AND NOT EXISTS (SELECT FROM ${referenced} r WHERE ${same.join(' AND ')}) LIMIT 10;`;
}
