import { defineRule, isMadeBefore, quoteLiteral, sqlName } from '../src/lint/kit.ts';

export default defineRule({
  name: 'rename-enum-value',
  category: 'compatibility',
  severity: 'error',
  aliases: { strong_migrations: ['rename_enum_value'], MigrationPilot: ['MP060'] },
  docs: {
    what: 'ALTER TYPE … RENAME VALUE.',
    why: 'Running code still writes and compares the old value: each such query is an error, and values that it reads are ones that it does not know.',
    instead:
      'ADD VALUE the new one, release code that reads both and writes the new one, then change the old rows by a backfill. The old value stays, unused.',
    source: 'https://www.postgresql.org/docs/current/sql-altertype.html',
  },
  examples: {
    bad: [
      {
        before: "CREATE TYPE mood AS ENUM ('glad', 'sad');",
        sql: "ALTER TYPE mood RENAME VALUE 'glad' TO 'happy';",
      },
    ],
    good: [
      { before: "CREATE TYPE mood AS ENUM ('glad', 'sad');", sql: "ALTER TYPE mood ADD VALUE 'happy';" },
      { sql: "CREATE TYPE mood AS ENUM ('glad', 'sad');\nALTER TYPE mood RENAME VALUE 'glad' TO 'happy';" },
    ],
  },
  on: ['alter-enum'],
  check: ({ action, file }) => {
    if (action.command !== 'rename-value' || isMadeBefore(file, action.name)) return null;
    return {
      relations: [],
      message: `running code still writes ${quoteLiteral(action.from ?? '')}, and fails when the value of ${action.name.name} becomes ${quoteLiteral(action.value)}`,
      why: 'Code and schema are never released at the same moment: every query with the old value is an error until the next release.',
      instead: `ALTER TYPE ${sqlName(action.name)} ADD VALUE ${quoteLiteral(action.value)}; then change rows by a backfill when all code knows it.`,
    };
  },
});
