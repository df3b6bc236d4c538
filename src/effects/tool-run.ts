import type { Name } from '../sql/action.ts';
import type { Script, Statement } from '../sql/statement.ts';
import { runsAlone, worksByPartition } from './transaction.ts';
import type { Division, Unit } from './units.ts';

/** How a migration tool runs a stretch of a file; a BEGIN and COMMIT of the file's own come on top. */
export type TransactionRule =
  /** In a transaction that the tool begins and ends. */
  | 'file'
  /** In one transaction with every other file that is pending. */
  | 'pending'
  /** As one simple query: several statements are a transaction, a single one is not. */
  | 'query'
  /** Each statement by itself. */
  | 'none'
  /** In a transaction; each by itself where none of its statements can run in one. */
  | 'none-if-all'
  /** In a transaction; each by itself where one of its statements cannot run in one. */
  | 'none-if-any'
  /** In a transaction up to each statement that cannot run in one, and another one after it. */
  | 'around';

/** A part of a file that has a rule of its own, up to an offset. */
export interface Stretch {
  readonly end: number;
  readonly rule: TransactionRule;
}

/** How a migration tool runs a file. */
export interface ToolRun {
  readonly tool: string;
  /** From first to last; the last one reaches to the end of the file. */
  readonly stretches: readonly Stretch[];
  /** What the tool does, to go on with in a sentence: `runs each file in one transaction`. */
  readonly does: string;
  /** What to do for a statement that cannot run in a transaction. */
  readonly apart: string;
  /** Whether the transaction of the file before goes on. */
  readonly joins: boolean;
}

export interface RanDivision extends Division {
  /** The statements before which a transaction is open, by index. */
  readonly inside: ReadonlySet<number>;
}

/** Divides a file into what commits together when a migration tool runs it. */
export function divideAsRun(script: Script, run: ToolRun, isPartitioned: (name: Name) => boolean): RanDivision {
  const inside = new Set<number>();
  const units = stretchesOf(script.statements, run).flatMap(({ rule, statements }) =>
    unitsOf(statements, rule, inside, ({ action }) => {
      const name = worksByPartition(action);
      return runsAlone(action) || (name !== null && isPartitioned(name));
    }),
  );
  const one = units.length === 0 || (units.length === 1 && units[0]?.kind === 'transaction');
  const none = run.stretches.every(({ rule }) => rule === 'none');
  return { kind: 'units', transaction: one ? 'file' : none ? 'none' : 'statement', units, inside };
}

function stretchesOf(
  statements: readonly Statement[],
  { stretches }: ToolRun,
): { rule: TransactionRule; statements: Statement[] }[] {
  const last = stretches.length - 1;
  const groups = stretches.map(({ rule }) => ({ rule, statements: [] as Statement[] }));
  for (const statement of statements) {
    const at = stretches.findIndex(({ end }, index) => index === last || statement.range.start < end);
    groups[at]?.statements.push(statement);
  }
  return groups;
}

/** What is open: the tool's transaction, the one that a query of several statements is, or the author's. */
type Open = 'tool' | 'query' | 'author' | null;

function openAtFirst(
  rule: TransactionRule,
  statements: readonly Statement[],
  isAlone: (statement: Statement) => boolean,
): Open {
  switch (rule) {
    case 'file':
    case 'pending':
      return 'tool';
    case 'query':
      return statements.length > 1 ? 'query' : null;
    case 'none-if-all':
      return statements.every(isAlone) ? null : 'tool';
    case 'none-if-any':
      return statements.some(isAlone) ? null : 'tool';
    case 'none':
    case 'around':
      return null;
  }
}

function unitsOf(
  statements: readonly Statement[],
  rule: TransactionRule,
  inside: Set<number>,
  isAlone: (statement: Statement) => boolean,
): Unit[] {
  const units: Unit[] = [];
  const first = openAtFirst(rule, statements, isAlone);
  let open = first;
  let begin = 'BEGIN';
  let current: Statement[] = [];
  const close = (): void => {
    if (current.length > 0) units.push({ kind: 'transaction', begin, statements: current });
    current = [];
    begin = 'BEGIN';
  };
  for (const statement of statements) {
    const command = statement.action.kind === 'transaction' ? statement.action.command : null;
    if (command === 'begin') {
      // Inside of a transaction it does nothing; what a query of several statements did before, it takes in.
      if (open === 'tool' || open === 'author') inside.add(statement.index);
      if (open === null) close();
      if (open === null || open === 'query') begin = statement.text;
      open = open === 'tool' ? 'tool' : 'author';
    } else if (command === 'commit' || command === 'rollback' || command === 'prepare') {
      if (open !== null) inside.add(statement.index);
      close();
      open = first === 'query' ? 'query' : null;
    } else if (open !== null) {
      inside.add(statement.index);
      current.push(statement);
    } else if (rule === 'around' && !isAlone(statement)) {
      inside.add(statement.index);
      current.push(statement);
    } else {
      close();
      // A statement by itself is a transaction as well, unless it is one of those that PostgreSQL refuses in a block.
      units.push(
        rule === 'none' || isAlone(statement)
          ? { kind: 'alone', statement }
          : { kind: 'transaction', begin: 'BEGIN', statements: [statement] },
      );
    }
  }
  close();
  return units;
}
