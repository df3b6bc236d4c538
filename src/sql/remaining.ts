import type { BatchStatement } from './batch-statement.ts';

/**
 * A query that counts the rows within a key range that the statement would still change, or null where its WHERE cannot tell them.
 * `exact` leaves out rows that match but have their new values already (`SET a = lower(b) WHERE a IS NULL`, where b is NULL); it
 * needs types with an equality operator.
 */
export function remainingQuery(statement: BatchStatement, condition: string, exact: boolean): string | null {
  const { progress, prefix, tableText } = statement;
  if (progress.kind === 'cannot-tell' || tableText === null) return null;
  const more = exact ? difference(statement) : [];
  return `${prefix}SELECT pg_catalog.count(*) AS count FROM ${tableText} WHERE ${matching(statement, more)} AND (${condition})`;
}

/** A query that says whether an UPDATE or DELETE has any row to change, as `found`; null for an INSERT. */
export function anyRowQuery(statement: BatchStatement): string | null {
  const { prefix, tableText } = statement;
  if (tableText === null) return null;
  return `${prefix}SELECT EXISTS (SELECT FROM ${tableText} WHERE ${matching(statement, [])}) AS found`;
}

/** A condition on the changed table alone, whatever other tables the statement joins. */
function matching({ text, where, from }: BatchStatement, more: readonly string[]): string {
  const conditions = [where === null ? 'true' : `(${text.slice(where.start, where.end)})`, ...more].join(' AND ');
  return from === null ? conditions : `EXISTS (SELECT FROM ${text.slice(from.start, from.end)} WHERE ${conditions})`;
}

function difference({ assignments, reference }: BatchStatement): string[] {
  if (assignments === null || assignments.length === 0) return [];
  return [
    `(${assignments.map(({ column, value }) => `${reference}.${column} IS DISTINCT FROM (${value})`).join(' OR ')})`,
  ];
}
