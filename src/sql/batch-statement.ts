import type { Name } from './action.ts';
import {
  changeObstacle,
  firstTable,
  namesOf,
  type Refusal,
  refused,
  returning,
  selectObstacle,
  selfReadObstacle,
  writtenInWith,
} from './batch-obstacles.ts';
import { calledFunctions } from './called-functions.ts';
import { type ChangingValue, changingValues } from './changing-values.ts';
import { codeTokens, type CodeToken } from './code-tokens.ts';
import { type DeleteStmt, type InsertStmt, parse, type RangeVar, type UpdateStmt } from './libpg.ts';
import { type Grouping, readGroupings } from './groupings.ts';
import { fromBytes } from './offsets.ts';
import { type ProgressTest, READS_ITSELF, updateProgress } from './progress-test.ts';
import { mayBeSame, selfRead } from './self-read.ts';
import type { Range } from './statement.ts';

/** One UPDATE, DELETE or INSERT … SELECT that can be run range by range over the keys of one table. */
export interface BatchStatement {
  readonly kind: 'batch';
  readonly command: 'update' | 'delete' | 'insert';
  /** From the first token to the last, without what follows it. */
  readonly text: string;
  /** The table whose keys are walked: the one that is changed, or for an INSERT … SELECT the first one it reads. */
  readonly table: Name;
  /** The table that an INSERT fills; null for the other commands, which change the one that is walked. */
  readonly filled: Name | null;
  /** With ONLY in front of it. */
  readonly only: boolean;
  /** What the table is called in the statement, as SQL: `u`, or `app.users`. */
  readonly reference: string;
  /** Its name as written, with the schema, and without ONLY and alias. */
  readonly tableAt: Range;
  readonly aliased: boolean;
  /** The changed table with its ONLY and alias, as SQL that can stand in a FROM clause; null for an INSERT. */
  readonly tableText: string | null;
  /** Columns of the table that the statement sets. */
  readonly assigns: readonly string[];
  /** SET column = value, as written; null where it is not that simple: (a, b) = …, DEFAULT, array elements. */
  readonly assignments: readonly Assignment[] | null;
  /** The walked table's columns in GROUP BY and in DISTINCT: with the whole key among them, no batch cuts a group in two. */
  readonly groupings: readonly Grouping[];
  /** Functions that an INSERT … SELECT calls outside of subqueries: an aggregate among them would see one batch only. */
  readonly functions: readonly Name[];
  /** Whether it reads the table that it changes, beside the rows that it changes: a batch finds what those before it have done. */
  readonly readsItself: boolean;
  /** Functions in subqueries on the changed table: an aggregate among them would see what earlier batches have done. */
  readonly selfReadFunctions: readonly Name[];
  /** Of an UPDATE, what is set to something that a function makes. */
  readonly changing: readonly ChangingValue[];
  /** What stands before the command: a WITH clause or nothing. */
  readonly prefix: string;
  /** The condition after WHERE, and the other tables: what stands after FROM or USING. */
  readonly where: Range | null;
  readonly from: Range | null;
  /** Where a WHERE clause can be put. */
  readonly whereAt: number;
  readonly progress: ProgressTest;
}

export interface Assignment {
  readonly column: string;
  readonly value: string;
}

/** Reads a statement that parses; says why it cannot be run in batches where it cannot. */
export function readBatchStatement(sql: string): BatchStatement | Refusal {
  const outcome = parse(sql);
  const node = outcome.ok && outcome.stmts.length === 1 ? outcome.stmts[0]?.stmt : undefined;
  const tokens = node === undefined ? [] : codeTokens(sql).filter(({ text }) => text !== ';');
  const alone = sql.slice(tokens[0]?.start ?? 0, tokens.at(-1)?.end);
  if (alone !== sql) return readBatchStatement(alone);
  const written: Written = { sql, tokens, toUnits: fromBytes(sql) };
  if (tokens.some((token) => token.parameter)) {
    return refused('has a parameter such as $1', 'Write the value, or take it from --var NAME=VALUE as :NAME.');
  }
  if (node !== undefined && 'UpdateStmt' in node) return readUpdate(written, node.UpdateStmt);
  if (node !== undefined && 'DeleteStmt' in node) return readDelete(written, node.DeleteStmt);
  if (node !== undefined && 'InsertStmt' in node) return readInsert(written, node.InsertStmt);
  return refused(
    'is not an UPDATE, a DELETE or an INSERT … SELECT',
    'Put other statements into a migration and run tiptoe apply.',
  );
}

interface Written {
  readonly sql: string;
  readonly tokens: readonly CodeToken[];
  readonly toUnits: (offset: number) => number;
}

function readUpdate(written: Written, statement: UpdateStmt): BatchStatement | Refusal {
  const { relation } = statement;
  if (relation === undefined) return unreadable();
  const read = selfRead(
    [statement.fromClause, statement.withClause, statement.targetList, statement.whereClause],
    relation,
  );
  const obstacle = changeObstacle(statement, relation, read);
  if (obstacle !== null) return obstacle;

  const { tokens, sql } = written;
  const at = relationIndex(written, relation);
  const set = keywordAfter(tokens, at, 'SET');
  const where = keywordAfter(tokens, set, 'WHERE');
  const from = keywordAfter(tokens, set, 'FROM', (index) => tokens[index - 1]?.keyword !== 'DISTINCT');
  const command = lastKeywordBefore(tokens, at, 'UPDATE');
  if (at === -1 || set === -1 || command === -1) return unreadable();
  const afterSet = from !== -1 ? from : where !== -1 ? where : tokens.length;
  const columns = (statement.targetList ?? []).flatMap((item) =>
    'ResTarget' in item ? (item.ResTarget.name ?? []) : [],
  );
  return {
    ...common(written, relation, at),
    command: 'update',
    filled: null,
    tableText: slice(sql, tokens, command + 1, set),
    assigns: [...new Set(columns)],
    assignments: readAssignments(sql, tokens.slice(set + 1, afterSet)),
    groupings: [],
    functions: [],
    readsItself: read !== null,
    selfReadFunctions: read?.functions ?? [],
    changing: changingValues(statement, relation),
    prefix: sql.slice(0, tokens[command]?.start),
    where: where === -1 ? null : span(tokens, where + 1, tokens.length),
    from: from === -1 ? null : span(tokens, from + 1, where === -1 ? tokens.length : where),
    whereAt: sql.length,
    progress: updateProgress(statement, relation, read !== null),
  };
}

function readDelete(written: Written, statement: DeleteStmt): BatchStatement | Refusal {
  const { relation } = statement;
  if (relation === undefined) return unreadable();
  const read = selfRead([statement.usingClause, statement.withClause, statement.whereClause], relation);
  const obstacle = changeObstacle(statement, relation, read);
  if (obstacle !== null) return obstacle;

  const { tokens, sql } = written;
  const at = relationIndex(written, relation);
  const where = keywordAfter(tokens, at, 'WHERE');
  const using = keywordAfter(tokens, at, 'USING');
  const command = lastKeywordBefore(tokens, at, 'DELETE');
  if (at === -1 || command === -1) return unreadable();
  const afterTable = using !== -1 ? using : where !== -1 ? where : tokens.length;
  return {
    ...common(written, relation, at),
    command: 'delete',
    filled: null,
    tableText: slice(sql, tokens, command + 2, afterTable),
    assigns: [],
    assignments: null,
    groupings: [],
    functions: [],
    readsItself: read !== null,
    selfReadFunctions: read?.functions ?? [],
    changing: [],
    prefix: sql.slice(0, tokens[command]?.start),
    where: where === -1 ? null : span(tokens, where + 1, tokens.length),
    from: using === -1 ? null : span(tokens, using + 1, where === -1 ? tokens.length : where),
    whereAt: sql.length,
    // A row that is done is gone.
    progress: read === null ? { kind: 'tells' } : { kind: 'cannot-tell', reason: READS_ITSELF },
  };
}

function readInsert(written: Written, statement: InsertStmt): BatchStatement | Refusal {
  const source = statement.selectStmt;
  if (source === undefined || !('SelectStmt' in source) || source.SelectStmt.valuesLists !== undefined) {
    return refused(
      'is an INSERT without a SELECT',
      'Put it into a migration and run tiptoe apply; there is nothing to walk through.',
    );
  }
  const select = source.SelectStmt;
  const obstacle =
    writtenInWith(statement.withClause) ?? returning(statement.returningClause) ?? selectObstacle(select);
  if (obstacle !== null) return obstacle;
  const walked = firstTable(select.fromClause?.[0]);
  if ('kind' in walked) return walked;
  const hidden = [statement.withClause, select.withClause].some((clause) =>
    namesOf(clause).includes(walked.relname ?? ''),
  );
  if (hidden && walked.schemaname === undefined) {
    return refused(
      `reads the WITH query ${walked.relname ?? ''} first`,
      'Name the table whose keys can be walked first in FROM.',
    );
  }
  if (statement.relation !== undefined && mayBeSame(statement.relation, walked)) {
    return refused(
      'reads the table that it fills',
      'Its own new rows would come back as work; read from another table.',
    );
  }

  const filled = statement.relation;
  const read =
    filled === undefined
      ? null
      : selfRead([statement.withClause, statement.onConflictClause, ...Object.values(select)], filled);
  const rereads = filled === undefined ? null : selfReadObstacle(read, filled);
  if (rereads !== null) return rereads;

  const { tokens } = written;
  const at = relationIndex(written, walked);
  const from = lastKeywordBefore(tokens, at, 'FROM');
  if (at === -1 || from === -1) return unreadable();
  const groupings = readGroupings(select, walked);
  const end = endOfWhere(tokens, from, statement.onConflictClause !== undefined);
  const where = tokens.findIndex(
    ({ keyword, depth }, index) => index > from && index < end && depth === tokens[from]?.depth && keyword === 'WHERE',
  );
  return {
    ...common(written, walked, at),
    command: 'insert',
    filled: filled === undefined ? null : nameOf(filled),
    tableText: null,
    assigns: [],
    assignments: null,
    groupings,
    functions: select.groupClause === undefined ? calledFunctions(select.targetList, 'SubLink') : [],
    readsItself: read !== null,
    selfReadFunctions: read?.functions ?? [],
    changing: [],
    prefix: '',
    where: where === -1 ? null : span(tokens, where + 1, end),
    from: null,
    whereAt: tokens[end - 1]?.end ?? 0,
    progress: { kind: 'cannot-tell', reason: 'an INSERT leaves no mark on the rows that it has read' },
  };
}

function common({ sql, tokens }: Written, relation: RangeVar, at: number) {
  return {
    kind: 'batch',
    text: sql,
    table: nameOf(relation),
    only: relation.inh !== true,
    reference: referenceText(sql, tokens, relation, at),
    tableAt: span(tokens, at, nameEnd(tokens, at) + 1),
    aliased: relation.alias !== undefined,
  } as const;
}

function nameOf({ schemaname, relname }: RangeVar): Name {
  return { schema: schemaname ?? null, name: relname ?? '' };
}

const AFTER_WHERE: ReadonlySet<string> = new Set(['GROUP', 'HAVING', 'ORDER', 'FOR']);

/**
 * The first token after FROM and WHERE of an INSERT … SELECT: GROUP BY, ORDER BY, FOR UPDATE, ON CONFLICT, or the parenthesis that
 * closes around the SELECT.
 */
function endOfWhere(tokens: readonly CodeToken[], from: number, hasOnConflict: boolean): number {
  const inside = tokens[from]?.depth ?? 0;
  const ends = [
    tokens.findIndex(({ depth }, index) => index > from && depth < inside),
    tokens.findIndex(
      ({ keyword, depth }, index) => index > from && depth === inside && keyword !== null && AFTER_WHERE.has(keyword),
    ),
    hasOnConflict
      ? tokens.findLastIndex(
          ({ keyword, depth }, index) => depth === 0 && keyword === 'ON' && tokens[index + 1]?.keyword === 'CONFLICT',
        )
      : -1,
  ];
  return Math.min(tokens.length, ...ends.filter((end) => end !== -1));
}

function readAssignments(sql: string, tokens: readonly CodeToken[]): Assignment[] | null {
  const assignments: Assignment[] = [];
  for (let from = 0; from < tokens.length;) {
    const comma = tokens.findIndex(({ text, depth }, index) => index >= from && depth === 0 && text === ',');
    const to = comma === -1 ? tokens.length : comma;
    const column = tokens[from];
    const simple = tokens[from + 1]?.text === '=' && tokens[from + 2]?.keyword !== 'DEFAULT';
    if (column === undefined || column.text === '(' || !simple) return null;
    assignments.push({ column: column.text, value: slice(sql, tokens, from + 2, to) });
    from = to + 1;
  }
  return assignments;
}

/** The alias or the name as written, so that quotes and a schema stay. */
function referenceText(sql: string, tokens: readonly CodeToken[], relation: RangeVar, at: number): string {
  const last = nameEnd(tokens, at);
  if (relation.alias === undefined) return slice(sql, tokens, at, last + 1);
  let alias = last + 1;
  while (tokens[alias]?.text === '*' || tokens[alias]?.text === ')' || tokens[alias]?.keyword === 'AS') alias += 1;
  return tokens[alias]?.text ?? '';
}

/** The last token of the name that begins at a token. */
function nameEnd(tokens: readonly CodeToken[], at: number): number {
  return tokens[at + 1]?.text === '.' ? nameEnd(tokens, at + 2) : at;
}

function relationIndex({ tokens, toUnits }: Written, relation: RangeVar): number {
  const offset = toUnits(relation.location ?? 0);
  return tokens.findIndex((token) => token.start === offset);
}

function keywordAfter(
  tokens: readonly CodeToken[],
  from: number,
  keyword: string,
  accept: (index: number) => boolean = () => true,
): number {
  return tokens.findIndex(
    (token, index) => index > from && token.depth === 0 && token.keyword === keyword && accept(index),
  );
}

function lastKeywordBefore(tokens: readonly CodeToken[], before: number, keyword: string): number {
  return tokens.findLastIndex((token, index) => index < before && token.keyword === keyword);
}

/** From a token to just before another. */
function span(tokens: readonly CodeToken[], from: number, to: number): Range {
  return { start: tokens[from]?.start ?? 0, end: tokens[to - 1]?.end ?? 0 };
}

function slice(sql: string, tokens: readonly CodeToken[], from: number, to: number): string {
  const { start, end } = span(tokens, from, to);
  return sql.slice(start, end);
}

function unreadable(): Refusal {
  return refused('has a form that tiptoe cannot read', 'Please report it with the statement.');
}
