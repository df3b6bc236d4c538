import { type Action, defineRule, once } from '../src/lint/kit.ts';

export default defineRule({
  name: 'transaction-command-ignored',
  category: 'correctness',
  severity: 'warning',
  aliases: { squawk: ['transaction-nesting'] },
  docs: {
    what: 'BEGIN inside a transaction, or COMMIT where none was begun.',
    why: 'PostgreSQL warns and does nothing: transactions do not nest. The next COMMIT ends what the author takes for the outer one, and what follows runs without a transaction.',
    instead: 'Leave it out. A part that may fail by itself is a SAVEPOINT.',
    source: 'https://www.postgresql.org/docs/current/sql-begin.html',
  },
  examples: {
    bad: [
      { sql: 'BEGIN;\nBEGIN;\nCREATE TABLE countries (code text PRIMARY KEY);\nCOMMIT;' },
      { sql: 'CREATE TABLE countries (code text PRIMARY KEY);\nCOMMIT;' },
    ],
    good: [{ sql: 'BEGIN;\nCREATE TABLE countries (code text PRIMARY KEY);\nSAVEPOINT filled;\nCOMMIT;' }],
  },
  on: ['transaction'],
  check: ({ action, file, inTransaction }) => {
    const isNested = action.command === 'begin' && inTransaction;
    // The second COMMIT of a nested pair is the same mistake.
    const isLost = action.command === 'commit' && !inTransaction && !isBegun(file);
    if (!isNested && !isLost) return null;
    return {
      relations: [],
      message: isNested
        ? 'a transaction is open already, so this BEGIN does nothing'
        : 'no transaction is open, so this COMMIT does nothing',
      why: 'Transactions do not nest: PostgreSQL warns and goes on, and the next COMMIT ends the whole.',
      instead: isNested ? 'Leave it out, or make it a SAVEPOINT.' : 'Leave it out, or begin the file with BEGIN.',
    };
  },
});

/** An earlier statement of the file is a BEGIN. */
function isBegun({ actions, at }: { readonly actions: readonly Action[]; readonly at: number }): boolean {
  const first = firstBegin(actions);
  return first !== -1 && first < at;
}

const firstBegin = once((actions: readonly Action[]) =>
  actions.findIndex((action) => action.kind === 'transaction' && action.command === 'begin'),
);
