import { type Action, defineRule, once, runsAlone, runsAloneHere } from '../src/lint/kit.ts';

export default defineRule({
  name: 'mixed-transaction',
  category: 'correctness',
  severity: 'warning',
  docs: {
    what: 'A file that mixes statements that cannot run in a transaction with others.',
    why: 'The file then runs statement by statement: if a later one fails, the earlier ones stand.',
    instead: 'Give the statement that cannot run in a transaction a file of its own.',
    source: 'https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE orders (id bigint);',
        sql: 'ALTER TABLE orders ADD COLUMN total numeric;\nCREATE INDEX CONCURRENTLY orders_total ON orders (total);',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE orders (id bigint, total numeric);',
        sql: 'CREATE INDEX CONCURRENTLY orders_total ON orders (total);',
      },
    ],
  },
  on: ['create-index', 'drop-relation', 'reindex', 'alter-table', 'vacuum', 'cluster', 'runs-alone'],
  check: ({ action, effects, catalog, inTransaction, file }) => {
    // Inside BEGIN it fails outright, which is another rule's finding; the first one of a file speaks for all.
    if (inTransaction || !runsAloneHere(catalog, action)) return null;
    const first = firstAlone(file.actions);
    if (first !== -1 && first < file.at) return null;
    if (file.actions.slice(0, file.at).some((other) => runsAloneHere(catalog, other))) return null;
    const stands = file.actions.slice(0, file.at).filter(changesSomething).length;
    const others = file.actions.filter((other) => changesSomething(other) && !runsAloneHere(catalog, other)).length;
    if (others === 0) return null;
    return {
      relations: effects.relations.map(({ relation }) => relation),
      message: 'this statement cannot share a transaction, so the whole file runs statement by statement',
      why:
        stands > 0
          ? `If it fails, what stands before it (${count(stands)}) has been done already.`
          : `If a later statement fails, this one has been done already.`,
      instead: 'Give it a file of its own.',
    };
  },
});

const firstAlone = once((actions: readonly Action[]) => actions.findIndex(runsAlone));

function changesSomething(action: Action): boolean {
  return action.kind !== 'set' && action.kind !== 'transaction' && action.kind !== 'select';
}

function count(statements: number): string {
  return statements === 1 ? '1 statement' : `${statements} statements`;
}
