import { blocked, blocksReads, defineRule, familyOf, list } from '../src/lint/kit.ts';

export default defineRule({
  name: 'locks-referenced-table',
  category: 'locking',
  severity: 'off',
  aliases: { MigrationPilot: ['MP069'] },
  docs: {
    what: 'ALTER TABLE that changes or drops one side of a foreign key, and so locks the table on the other side against reads and writes too.',
    why: 'The statement names one table and stops two: it waits for the longest running query of each, and keeps the first locked while it waits for the second.',
    instead:
      'There is no gentler form. Keep the statement alone in its transaction, and let a runner take both locks with short waits, the busier table first.',
    source: 'https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-DROP-CONSTRAINT',
  },
  examples: {
    bad: [
      {
        before:
          'CREATE TABLE users (id bigint PRIMARY KEY);\nCREATE TABLE orders (user_id bigint CONSTRAINT orders_user REFERENCES users);',
        sql: 'ALTER TABLE orders DROP CONSTRAINT orders_user;',
      },
      {
        before:
          'CREATE TABLE countries (code varchar(2) PRIMARY KEY);\nCREATE TABLE users (country varchar(2) REFERENCES countries);',
        sql: 'ALTER TABLE countries ALTER COLUMN code TYPE varchar(3);',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE users (email text CONSTRAINT email_given CHECK (length(email) > 0));',
        sql: 'ALTER TABLE users DROP CONSTRAINT email_given;',
      },
      {
        sql: 'CREATE TABLE rates (id bigint PRIMARY KEY);\nCREATE TABLE prices (rate_id bigint CONSTRAINT prices_rate REFERENCES rates);\nALTER TABLE prices DROP CONSTRAINT prices_rate;',
      },
    ],
  },
  on: ['alter-table'],
  check: ({ action, effects, catalog }) => {
    // These have hazards of their own that name both tables.
    if (blocked(effects).length > 0 || !action.commands.every(({ kind }) => CHANGES.has(kind))) return null;
    const locked = effects.relations.filter(
      ({ relation, preexisting, lock }) =>
        preexisting && blocksReads(lock) && catalog.relations.get(relation)?.kind === 'table',
    );
    const [first, ...rest] = locked;
    if (first === undefined) return null;
    const family = familyOf(catalog, first.relation);
    const others = rest.filter(({ relation }) => familyOf(catalog, relation) !== family);
    if (others.length === 0) return null;
    return {
      relations: [first, ...others].map(({ relation }) => relation),
      message: `${list(others.map(({ relation }) => relation))} is locked against reads and writes as well as ${first.relation}`,
      why: 'A foreign key ties them: while the statement waits for one of the locks, it may hold the other already.',
      instead:
        'Keep the statement alone in its transaction, and run it by tiptoe apply, which takes both locks with short waits.',
    };
  },
});

const CHANGES: ReadonlySet<string> = new Set(['drop-constraint', 'alter-constraint', 'set-type']);
