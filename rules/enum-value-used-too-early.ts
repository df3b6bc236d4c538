import { type Action, defineRule, type Name, once, stringLiterals, typeKey } from '../src/lint/kit.ts';

export default defineRule({
  name: 'enum-value-used-too-early',
  category: 'correctness',
  severity: 'error',
  aliases: { MigrationPilot: ['MP012', 'MP054'] },
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
    const { begun, added, made } = enumsIn(file.actions);
    if (!inTransaction || added.size === 0) return null;
    // Without a BEGIN, the statement before is all that is known to share the transaction.
    const start = begun[file.at] ?? file.at - 1;
    const isBefore = ({ at }: { at: number }): boolean => at >= start && at < file.at;
    const [early] = [...new Set(stringLiterals(text))]
      .flatMap((literal) => added.get(literal) ?? [])
      .filter(isBefore)
      // The values of a type that the transaction itself made are free to use.
      .filter(
        ({ name }) =>
          !(made.get(name.name) ?? []).some(
            (other) => isBefore(other) && typeKey(catalog, other.name) === typeKey(catalog, name),
          ),
      )
      .toSorted((a, b) => a.at - b.at);
    if (early === undefined) return null;
    return {
      relations: effects.relations.map(({ relation }) => relation),
      message: `'${early.value}' cannot be used yet: this transaction has just added it to ${early.name.name}`,
      why: 'PostgreSQL refuses a new enum value until the transaction that added it has been committed.',
      instead: 'Use it in a later file.',
    };
  },
});

interface Mention {
  readonly at: number;
  readonly name: Name;
  readonly value: string;
}

/** What a file does with enums, and by the number of a statement, where the BEGIN before it stands. */
const enumsIn = once((actions: readonly Action[]) => {
  const begun: (number | undefined)[] = [];
  const added = new Map<string, Mention[]>();
  const made = new Map<string, Mention[]>();
  let last: number | undefined;
  for (const [at, action] of actions.entries()) {
    begun.push(last);
    if (action.kind === 'transaction' && action.command === 'begin') last = at;
    else if (action.kind === 'create-enum') push(made, action.name.name, { at, name: action.name, value: '' });
    else if (action.kind === 'alter-enum' && action.command === 'add-value')
      push(added, action.value, { at, name: action.name, value: action.value });
  }
  return { begun, added, made };
});

function push(map: Map<string, Mention[]>, key: string, mention: Mention): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [mention]);
  else known.push(mention);
}
