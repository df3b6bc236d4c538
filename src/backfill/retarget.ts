import { qualify, quoteIdent } from '../postgres/quote.ts';
import type { Name } from '../sql/action.ts';
import { type BatchStatement, readBatchStatement } from '../sql/batch-statement.ts';
import type { Node } from '../sql/libpg.ts';
import { parse } from '../sql/libpg.ts';
import { fromBytes } from '../sql/offsets.ts';
import { visit } from '../sql/tree.ts';

/**
 * The same statement for one partition alone: `UPDATE events SET …` becomes `UPDATE ONLY app.events_2026 AS events SET …`, so that
 * all names in it still mean what they meant.
 */
export function retarget(statement: BatchStatement, partition: Name & { readonly schema: string }): BatchStatement {
  const { text, table, tableAt, aliased, progress, assignments } = statement;
  const alias = aliased ? '' : ` AS ${quoteIdent(table.name)}`;
  // `events *`, with which the SQL of old asks for the partitions.
  const [star = ''] = /^\s*\*/.exec(text.slice(tableAt.end)) ?? [];
  const edits: Edit[] = [
    {
      start: tableAt.start,
      end: tableAt.end + star.length,
      text: `ONLY ${qualify(partition.schema, partition.name)}${alias}`,
    },
    ...(aliased ? [] : schemasOfColumns(text, table)),
  ];
  const sql = edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((edited, { start, end, text: by }) => edited.slice(0, start) + by + edited.slice(end), text);
  const read = readBatchStatement(sql);
  if (read.kind === 'refused') throw new Error(`for a partition, the statement ${read.reason}: ${sql}`);
  const kept = assignments?.map(({ column }) => column) ?? [];
  return {
    ...read,
    // What the server said of its functions.
    progress,
    assignments:
      assignments === null ? null : (read.assignments?.filter(({ column }) => kept.includes(column)) ?? null),
  };
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The `app.` of each `app.events.n`: once the table has an alias, its columns have no schema. */
function schemasOfColumns(text: string, { schema, name }: Name): Edit[] {
  const outcome = parse(text);
  if (schema === null || !outcome.ok) return [];
  const toUnits = fromBytes(text);
  const edits: Edit[] = [];
  visit(outcome.stmts, (node, value) => {
    if (node !== 'ColumnRef') return;
    const { fields = [], location = 0 } = value as { fields?: Node[]; location?: number };
    const [first, second] = fields.map((field) => ('String' in field ? field.String.sval : undefined));
    if (fields.length !== 3 || first !== schema || second !== name) return;
    const start = toUnits(location);
    const [written = ''] = /^(?:"(?:[^"]|"")*"|[^\s."]+)\s*\.\s*/.exec(text.slice(start)) ?? [];
    edits.push({ start, end: start + written.length, text: '' });
  });
  return edits;
}
