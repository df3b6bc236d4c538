import { installedVersion } from '../db/own-schema.ts';
import type { Session } from '../db/session.ts';
import { quoteIdent } from '../postgres/quote.ts';
import { exceptionTable } from './exception-table.ts';
import type { Ledger } from './ledger.ts';
import { ledgerTables } from './ledger-tables.ts';
import type { MigrationFile } from './discovery.ts';

/** A finding that would have kept `apply` from a file, let through by a person. */
export interface Exception {
  readonly rule: string;
  /** The statement's number in the file, from 0. */
  readonly statement: number;
  readonly line: number;
  readonly relations: readonly string[];
  /** `flag`: by `--allow`. `comment`: by one in the file. */
  readonly by: 'flag' | 'comment';
  readonly reason: string;
}

/** As the ledger has it. */
export interface KeptException extends Exception {
  readonly runBy: string;
  readonly runFrom: string;
  readonly at: string;
}

/** What was let through in a file that begins now; of an earlier try only what stands is kept. */
export async function recordExceptions(
  session: Session,
  { schema, runner }: Ledger,
  file: MigrationFile,
  exceptions: readonly Exception[],
): Promise<void> {
  await session.run(
    `DELETE FROM ${exceptionTable(schema)} e
      WHERE e.migration = $1 AND NOT EXISTS (
        SELECT FROM ${quoteIdent(schema)}.migration_statement s
         WHERE s.migration = e.migration AND s.index = e.index AND s.state = 'done')`,
    [file.name],
  );
  if (exceptions.length === 0) return;
  const column = (value: (one: Exception) => string | number) => exceptions.map((one) => String(value(one)));
  // A statement that runs code may have several findings of a rule.
  await session.run(
    `INSERT INTO ${exceptionTable(schema)} (migration, index, line, rule, relations, allowed_by, reason, run_from)
     SELECT $1, e.index, min(e.line), e.rule, pg_catalog.array_agg(DISTINCT r.relation), min(e.allowed_by), min(e.reason), $2
       FROM ROWS FROM (pg_catalog.unnest($3::pg_catalog.int4[]), pg_catalog.unnest($4::pg_catalog.int4[]),
                       pg_catalog.unnest($5::pg_catalog.text[]), pg_catalog.unnest($6::pg_catalog.json[]),
                       pg_catalog.unnest($7::pg_catalog.text[]), pg_catalog.unnest($8::pg_catalog.text[]))
              AS e (index, line, rule, relations, allowed_by, reason),
            pg_catalog.json_array_elements_text(e.relations) AS r (relation)
      GROUP BY e.index, e.rule
     ON CONFLICT (migration, index, rule) DO NOTHING`,
    [
      file.name,
      runner.from,
      column(({ statement }) => statement),
      column(({ line }) => line),
      column(({ rule }) => rule),
      column(({ relations }) => JSON.stringify(relations)),
      column(({ by }) => by),
      column(({ reason }) => reason),
    ],
  );
}

/** All that was ever let through, by the name of the migration; needs no more than SELECT. */
export async function readExceptions(
  session: Session,
  schema: string,
): Promise<ReadonlyMap<string, readonly KeptException[]>> {
  const tables = ledgerTables(schema);
  const byName = new Map<string, KeptException[]>();
  if ((await installedVersion(session, tables)) < tables.steps.length) return byName;
  const rows = await session.query<Omit<KeptException, 'relations'> & { name: string; relations: string }>(
    `SELECT migration AS name, rule, index AS statement, line, pg_catalog.array_to_json(relations)::pg_catalog.text AS relations,
            allowed_by AS by, reason, run_by AS "runBy", run_from AS "runFrom",
            pg_catalog.to_char(allowed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at
       FROM ${exceptionTable(schema)} ORDER BY migration, index, rule`,
  );
  for (const { name, relations, ...row } of rows)
    byName.set(name, [...(byName.get(name) ?? []), { ...row, relations: JSON.parse(relations) as string[] }]);
  return byName;
}
