import { fileTransaction, runsAlone, worksByPartition } from './transaction.ts';
import type { Action, Name } from '../sql/action.ts';
import type { Comment, Script, Statement } from '../sql/statement.ts';

/** What commits together. */
export type Unit =
  /** `begin` is how the author opened it, else `BEGIN`. */
  | { readonly kind: 'transaction'; readonly begin: string; readonly statements: readonly Statement[] }
  /** Outside of any transaction of ours. */
  | { readonly kind: 'alone'; readonly statement: Statement };

/** `file` one transaction; `statement` each on its own, because it had to be; `none` asked for in the file. */
export type TransactionMode = 'file' | 'statement' | 'none';

export interface Division {
  readonly kind: 'units';
  readonly transaction: TransactionMode;
  readonly units: readonly Unit[];
}

/** Transaction control that leaves open what would stand after the file. */
export interface Indivisible {
  readonly kind: 'refused';
  readonly statement: Statement;
  readonly message: string;
  readonly advice: string;
}

/**
 * Divides a file into what commits together. Its own BEGIN … COMMIT is kept as one unit; COMMIT without BEGIN ends the unit before it, as in
 * a framework that wraps its files. `isPartitioned` knows partitioned tables and indexes by their names.
 */
export function divide(script: Script, isPartitioned: (name: Name) => boolean = () => false): Division | Indivisible {
  const stretches = readStretches(script.statements);
  if (!Array.isArray(stretches)) return stretches;
  const asked = asksForNone(script.comments);
  const loose: Statement[] = [];
  for (const { begin, statements } of stretches)
    if (begin === null) for (const statement of statements) loose.push(statement);
  const isAlone = ({ action }: Statement) => {
    const name = worksByPartition(action);
    return runsAlone(action) || (name !== null && isPartitioned(name));
  };
  const together = !asked && !loose.some(isAlone) && fileTransaction(loose.map(({ action }) => action)) === 'file';
  const units: Unit[] = [];
  for (const { begin, statements } of stretches) {
    if (begin !== null || (together && statements.length > 0))
      units.push({ kind: 'transaction', begin: begin ?? 'BEGIN', statements });
    else {
      for (const statement of statements)
        units.push(
          asked || isAlone(statement)
            ? { kind: 'alone', statement }
            : { kind: 'transaction', begin: 'BEGIN', statements: [statement] },
        );
    }
  }
  const one = units.length === 0 || (units.length === 1 && units[0]?.kind === 'transaction');
  return { kind: 'units', transaction: asked ? 'none' : one ? 'file' : 'statement', units };
}

/**
 * The same work in a transaction where nobody can tell the difference: the ledger then commits with it. Left as they are: what PostgreSQL
 * refuses there, and what may commit by itself.
 */
export function atomic(unit: Unit): Unit {
  if (unit.kind === 'transaction' || mayCommit(unit.statement.action)) return unit;
  return { kind: 'transaction', begin: 'BEGIN', statements: [unit.statement] };
}

function mayCommit(action: Action): boolean {
  switch (action.kind) {
    case 'call':
    case 'execute':
    case 'explain':
    case 'unknown':
      return true;
    case 'do':
      return /\b(?:commit|rollback|call|execute)\b/i.test(action.body);
    default:
      return runsAlone(action) || worksByPartition(action) !== null;
  }
}

export function statementsOf(unit: Unit): readonly Statement[] {
  return unit.kind === 'alone' ? [unit.statement] : unit.statements;
}

/** Whether it changes the session for the statements after it, and so has to run again when a file is resumed. */
export function changesSession({ action }: Statement): boolean {
  if (action.kind === 'set') return !action.local;
  return action.kind === 'select' && action.functions.some(({ name }) => name === 'set_config');
}

/** Statements between BEGIN and COMMIT, or, with `begin` null, outside of them. */
interface Stretch {
  readonly begin: string | null;
  readonly statements: readonly Statement[];
}

function readStretches(statements: readonly Statement[]): Stretch[] | Indivisible {
  const stretches: Stretch[] = [];
  let opened: Statement | null = null;
  let current: Statement[] = [];
  const close = () => {
    if (opened !== null || current.length > 0) stretches.push({ begin: opened?.text ?? null, statements: current });
    current = [];
    opened = null;
  };
  for (const statement of statements) {
    const command = statement.action.kind === 'transaction' ? statement.action.command : null;
    if (command === 'begin') {
      if (opened !== null) return refuse(statement, 'BEGIN inside a transaction.', 'Remove it, or COMMIT before it.');
      close();
      opened = statement;
    } else if (command === 'commit') {
      close();
    } else if (command === 'rollback') {
      return refuse(
        statement,
        'ROLLBACK in a migration.',
        'Remove what it would undo; a migration that fails is rolled back by itself.',
      );
    } else if (command === 'prepare') {
      return refuse(
        statement,
        'PREPARE TRANSACTION in a migration.',
        'Use COMMIT; a prepared transaction keeps its locks until someone ends it.',
      );
    } else {
      current.push(statement);
    }
  }
  if (opened !== null)
    return refuse(opened, 'BEGIN without COMMIT.', 'Remove it, or add COMMIT; the server would roll all of it back.');
  close();
  return stretches;
}

function refuse(statement: Statement, message: string, advice: string): Indivisible {
  return { kind: 'refused', statement, message, advice };
}

/** Our own directive, and those of goose, dbmate, sql-migrate, sqlx and graphile-migrate. */
const NONE =
  /^\W*(?:tiptoe:transaction\s+none|\+goose\s+NO\s+TRANSACTION|migrate:up\b.*\btransaction:\s*false|\+migrate\s+up\s+notransaction)\b|^--!?[ \t]no-transaction\b/i;

function asksForNone(comments: readonly Comment[]): boolean {
  return comments.some(({ text }) => NONE.test(text));
}
