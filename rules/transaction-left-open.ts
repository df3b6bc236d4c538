import { type Action, defineRule, once } from '../src/lint/kit.ts';

export default defineRule({
  name: 'transaction-left-open',
  category: 'correctness',
  severity: 'error',
  aliases: { squawk: ['ban-uncommitted-transaction'], MigrationPilot: ['MP053'] },
  docs: {
    what: 'A BEGIN without COMMIT or ROLLBACK in its file.',
    why: 'What runs the file with psql rolls everything back when it ends, and tells nobody; another runner keeps the transaction, and its locks, open.',
    instead: 'End the file with COMMIT, or leave BEGIN out.',
    source: 'https://www.postgresql.org/docs/current/sql-begin.html',
  },
  examples: {
    bad: [{ sql: 'BEGIN;\nCREATE TABLE countries (code text PRIMARY KEY);' }],
    good: [{ sql: 'BEGIN;\nCREATE TABLE countries (code text PRIMARY KEY);\nCOMMIT;' }],
  },
  on: ['transaction'],
  check: ({ action, file, inTransaction }) => {
    if (action.command !== 'begin' || inTransaction || lastEnd(file.actions) > file.at) return null;
    return {
      relations: [],
      message: 'nothing in this file ends the transaction that this BEGIN starts',
      why: 'Depending on what runs the file, all of it is rolled back without a word, or its locks stay.',
      instead: 'End the file with COMMIT, or leave BEGIN out.',
    };
  },
});

const lastEnd = once((actions: readonly Action[]) =>
  actions.findLastIndex(
    (action) => action.kind === 'transaction' && ['commit', 'rollback', 'prepare'].includes(action.command),
  ),
);
