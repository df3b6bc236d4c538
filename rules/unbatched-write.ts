import { defineRule, heldDuring, list, unbatchedTables } from '../src/lint/kit.ts';

export default defineRule({
  name: 'unbatched-write',
  category: 'load',
  severity: 'warning',
  aliases: { MigrationPilot: ['MP011', 'MP067'], pgfence: ['update-in-migration'] },
  docs: {
    what: 'UPDATE, DELETE, MERGE, INSERT … SELECT or CREATE TABLE AS over a table that already exists, in one statement.',
    why: 'It runs for as long as the table is big, in one transaction: every changed row stays locked until the end, vacuum can clean up nothing meanwhile, and the replicas get it all at once.',
    instead:
      'Put the statement into a file that ends in .backfill.sql: tiptoe runs it in small batches that pause, resume and watch the replicas. Rows named by a key, and INSERT … VALUES, are fine as they are.',
    source: 'https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-SPACE-RECOVERY',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY, email text, email_lower text);',
        sql: 'UPDATE users SET email_lower = lower(email);',
      },
      {
        before: 'CREATE TABLE sessions (id bigint PRIMARY KEY, ends_at timestamptz);',
        sql: 'DELETE FROM sessions WHERE ends_at < now();',
      },
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY, email text);',
        sql: 'CREATE TABLE emails (user_id bigint, email text);\nINSERT INTO emails SELECT id, email FROM users;',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY, email text);',
        sql: "UPDATE users SET email = 'a@example.com' WHERE id = 5;",
      },
      {
        before: 'CREATE TABLE roles (name text PRIMARY KEY);',
        sql: "INSERT INTO roles VALUES ('admin');\nINSERT INTO roles SELECT 'editor' WHERE NOT EXISTS (SELECT FROM roles WHERE name = 'editor');\nDELETE FROM roles WHERE name IN ('guest', 'visitor');",
      },
      {
        sql: 'CREATE TABLE rates (day date, valid boolean);\nUPDATE rates SET valid = true;',
      },
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY, email text, email_lower text);',
        sql: '-- tiptoe:backfill\nUPDATE users SET email_lower = lower(email) WHERE email_lower IS NULL;',
      },
    ],
  },
  on: ['dml', 'create-table-as'],
  check: (context) => {
    const { action, catalog, file } = context;
    // All rows of a table gone is more than load, and is another rule's hazard.
    if (file.isBackfill || (action.kind === 'dml' && action.command === 'delete' && !action.hasWhere)) return null;
    const tables = unbatchedTables(context, catalog);
    // With locks held from before, that is the hazard to speak of, and the way out is the same.
    if (tables.length === 0 || heldDuring(context).length > 0) return null;
    const verb = action.kind === 'dml' ? action.command.toUpperCase() : 'CREATE TABLE AS';
    return {
      relations: tables,
      message: `${verb} goes through ${list(tables)} in one transaction`,
      why: 'For as long as it runs, changed rows stay locked and vacuum can clean up nothing; then the replicas get it all at once.',
      instead:
        action.kind === 'create-table-as'
          ? 'CREATE TABLE with its columns, then fill it by INSERT … SELECT in a file that ends in .backfill.sql.'
          : 'Put it into a file of its own that ends in .backfill.sql, with a WHERE that leaves out rows already done: tiptoe backfill runs it in small batches.',
    };
  },
});
