import { blocked, defineRule, reason, relationsOf } from '../src/lint/kit.ts';

export default defineRule({
  name: 'constraint-index-build',
  category: 'blocking',
  severity: 'error',
  aliases: {
    squawk: ['adding-serial-primary-key-field', 'disallowed-unique-constraint'],
    strong_migrations: ['add_exclusion_constraint', 'add_unique_constraint'],
    eugene: ['E7', 'E8'],
    MigrationPilot: ['MP027', 'MP031'],
    pgfence: ['add-constraint-exclude', 'add-constraint-unique', 'add-pk-without-using-index'],
    Atlas: ['PG104', 'PG105'],
  },
  docs: {
    what: 'A UNIQUE, PRIMARY KEY or EXCLUDE constraint that builds its index as it is added.',
    why: 'The index is built under AccessExclusiveLock: nothing can read or write the table until it is done.',
    instead:
      'CREATE UNIQUE INDEX CONCURRENTLY in a file of its own, then ADD CONSTRAINT … UNIQUE (or PRIMARY KEY) USING INDEX. EXCLUDE has no such way.',
    source:
      'https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT-USING-INDEX',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE users (email text);',
        sql: 'ALTER TABLE users ADD CONSTRAINT users_email UNIQUE (email);',
      },
      { before: 'CREATE TABLE users (id bigint NOT NULL);', sql: 'ALTER TABLE users ADD PRIMARY KEY (id);' },
      { before: 'CREATE TABLE users (id bigint);', sql: 'ALTER TABLE users ADD COLUMN email text UNIQUE;' },
      {
        before: 'CREATE TABLE stays (during tsrange);',
        sql: 'ALTER TABLE stays ADD EXCLUDE USING gist (during WITH &&);',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE users (email text);\nCREATE UNIQUE INDEX users_email ON users (email);',
        sql: 'ALTER TABLE users ADD CONSTRAINT users_email UNIQUE USING INDEX users_email;',
      },
    ],
  },
  on: ['alter-table'],
  check: ({ effects }) => {
    const found = blocked(
      effects,
      ({ by, indexBuild, rewrite }) => (by === 'add-constraint' || by === 'add-column') && indexBuild && !rewrite,
    );
    const [first] = found;
    if (first === undefined) return null;
    return {
      relations: relationsOf(found),
      message: `the constraint builds an index over all of ${first.effect.relation} while nobody can read or write it`,
      why: reason(first),
      instead: first.part.because.startsWith('EXCLUDE')
        ? 'An exclusion constraint cannot be built beside the traffic: add it while the table is small, or in a maintenance window.'
        : 'CREATE UNIQUE INDEX CONCURRENTLY in a file of its own, then ADD CONSTRAINT … USING INDEX.',
    };
  },
});
