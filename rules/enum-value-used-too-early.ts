import { type Action, type ActionOf, defineRule, stringLiterals, typeKey } from '../src/lint/kit.ts';

export default defineRule({
  name: 'enum-value-used-too-early',
  category: 'correctness',
  severity: 'error',
  docs: {
    what: 'A value that ALTER TYPE … ADD VALUE added, used in the same transaction.',
    why: 'PostgreSQL refuses a new enum value until the transaction that added it has been committed.',
    instead: 'Use it in a later file.',
    source: 'https://www.postgresql.org/docs/current/sql-altertype.html#id-1.9.3.42.7',
  },
  examples: {
    bad: [
      {
        before: "CREATE TYPE mood AS ENUM ('calm');\nCREATE TABLE people (mood mood);",
        sql: "BEGIN;\nALTER TYPE mood ADD VALUE 'happy';\nINSERT INTO people VALUES ('happy');\nCOMMIT;",
        fails: '55P04',
      },
    ],
    good: [
      {
        before: "CREATE TYPE mood AS ENUM ('calm');\nCREATE TABLE people (mood mood);",
        sql: "ALTER TYPE mood ADD VALUE 'happy';",
      },
      {
        sql: "BEGIN;\nCREATE TYPE mood AS ENUM ('calm');\nALTER TYPE mood ADD VALUE 'happy';\nCREATE TABLE people (mood mood DEFAULT 'happy');\nCOMMIT;",
      },
    ],
  },
  on: ['dml', 'select', 'create-table', 'alter-table', 'create-table-as', 'create-index', 'create-view'],
  check: ({ catalog, file, inTransaction, text, effects }) => {
    if (!inTransaction || !file.actions.some(addsValue)) return null;
    const done = file.actions.slice(0, file.at);
    const transaction = done.slice(
      done.findLastIndex((action) => action.kind === 'transaction' && action.command === 'begin'),
    );
    const made = new Set(
      transaction.flatMap((action) => (action.kind === 'create-enum' ? [typeKey(catalog, action.name)] : [])),
    );
    const literals = new Set(stringLiterals(text));
    const early = transaction
      .filter(addsValue)
      // The values of a type that the transaction itself made are free to use.
      .find(({ name, value }) => literals.has(value) && !made.has(typeKey(catalog, name)));
    if (early === undefined) return null;
    return {
      relations: effects.relations.map(({ relation }) => relation),
      message: `'${early.value}' cannot be used yet: this transaction has just added it to ${early.name.name}`,
      why: 'PostgreSQL refuses a new enum value until the transaction that added it has been committed.',
      instead: 'Use it in a later file.',
    };
  },
});

function addsValue(action: Action): action is ActionOf<'alter-enum'> {
  return action.kind === 'alter-enum' && action.command === 'add-value';
}
