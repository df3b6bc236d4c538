import { defineRule, plainWords } from '../src/lint/kit.ts';

export default defineRule({
  name: 'enum-value-unordered',
  category: 'style',
  severity: 'off',
  aliases: { squawk: ['require-enum-value-ordering'] },
  docs: {
    what: 'ALTER TYPE … ADD VALUE without BEFORE or AFTER.',
    why: 'The value goes last, and ORDER BY follows that; it cannot be moved later.',
    instead: 'Say where it belongs.',
    source: 'https://www.postgresql.org/docs/current/sql-altertype.html',
  },
  examples: {
    bad: [{ before: "CREATE TYPE mood AS ENUM ('sad', 'happy');", sql: "ALTER TYPE mood ADD VALUE 'calm';" }],
    good: [
      { before: "CREATE TYPE mood AS ENUM ('sad', 'happy');", sql: "ALTER TYPE mood ADD VALUE 'calm' BEFORE 'happy';" },
    ],
  },
  on: ['alter-enum'],
  check: ({ action, text }) => {
    if (action.command !== 'add-value' || /'' (?:BEFORE|AFTER) ''/.test(plainWords(text))) return null;
    return {
      relations: [],
      message: `'${action.value}' becomes the last value of ${action.name.name}`,
      why: 'ORDER BY follows the order of the values, and a value cannot be moved later.',
      instead: 'Say BEFORE or AFTER which value it belongs.',
    };
  },
});
