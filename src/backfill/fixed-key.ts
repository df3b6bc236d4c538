import type { Session } from '../db/session.ts';
import { Problem } from '../problem.ts';
import type { KeyColumn } from './batches.ts';

/** Throws a Problem (exit 2) where the statement changes the key that is walked, by itself or by what a generated column is made of. */
export async function requireFixedKey(
  session: Session,
  { oid, key }: { readonly oid: string; readonly key: readonly KeyColumn[] },
  assigns: readonly string[],
): Promise<void> {
  const names = key.map(({ name }) => name);
  const assigned = names.find((name) => assigns.includes(name));
  if (assigned !== undefined) throw changed(assigned, 'a column of the key that is walked');
  const [generated] = await session.query<{ column: string; source: string }>(
    `SELECT a.attname AS column, s.attname AS source
       FROM pg_catalog.pg_attribute a
       JOIN pg_catalog.pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
       JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = a.attrelid
        -- Up to PostgreSQL 14 the column itself depends on the others, from then on its expression.
        AND (d.classid, d.objid, d.objsubid) IN (('pg_catalog.pg_attrdef'::pg_catalog.regclass, e.oid, 0),
                                                 ('pg_catalog.pg_class'::pg_catalog.regclass, a.attrelid, a.attnum))
       JOIN pg_catalog.pg_attribute s ON s.attrelid = a.attrelid AND s.attnum = d.refobjsubid
      WHERE a.attrelid = $1 AND a.attgenerated <> '' AND a.attname = ANY ($2) AND s.attname = ANY ($3) LIMIT 1`,
    [oid, names, assigns],
  );
  if (generated === undefined) return;
  throw changed(generated.source, `from which ${generated.column} is generated, a column of the key that is walked`);
}

function changed(column: string, what: string): Problem {
  return new Problem(`The statement changes ${column}, ${what}; rows would move under the walk.`, {
    advice: 'Walk another unique key (-- key: …), or change the column by a new one beside it.',
  });
}
