import { defineEngineRule } from '../src/lint/kit.ts';

export default defineEngineRule({
  name: 'not-understood',
  category: 'correctness',
  severity: 'warning',
  aliases: { strong_migrations: ['execute'], MigrationPilot: ['MP063'] },
  docs: {
    what: 'A statement whose effect tiptoe does not know, such as EXECUTE of a text that is only built when it runs.',
    why: 'Silence would look like safety.',
    instead: 'Find out what it locks, and suppress the finding with that as the reason.',
    source: 'https://www.postgresql.org/docs/current/sql-do.html',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE orders (id bigint);',
        sql: "DO $$\nDECLARE name text;\nBEGIN\n  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP\n    EXECUTE format('TRUNCATE %I', name);\n  END LOOP;\nEND $$;",
      },
    ],
    good: [{ before: 'CREATE TABLE orders (id bigint);', sql: 'COMMENT ON TABLE orders IS NULL;' }],
  },
});
