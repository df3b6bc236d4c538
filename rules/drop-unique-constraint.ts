import { commandsOn, defineRule, findTable, list, quoteIdent } from '../src/lint/kit.ts';

export default defineRule({
  name: 'drop-unique-constraint',
  category: 'compatibility',
  severity: 'warning',
  docs: {
    what: 'DROP CONSTRAINT of a PRIMARY KEY, UNIQUE or EXCLUDE constraint of a table that already exists, unless the same statement puts another in its place.',
    why: 'Its index goes with it: INSERT … ON CONFLICT over its columns fails at once, queries by them read the whole table, and duplicates get in. A primary key is the replica identity as well.',
    instead:
      'CREATE UNIQUE INDEX CONCURRENTLY the replacement first, then drop the old constraint and add the new one USING INDEX in one ALTER TABLE.',
    source: 'https://www.postgresql.org/docs/current/sql-insert.html#SQL-ON-CONFLICT',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE users (email text CONSTRAINT users_email UNIQUE);',
        sql: 'ALTER TABLE users DROP CONSTRAINT users_email;',
      },
    ],
    good: [
      {
        before:
          'CREATE TABLE users (id bigint CONSTRAINT users_pkey PRIMARY KEY);\nCREATE UNIQUE INDEX users_id ON users (id);',
        sql: 'ALTER TABLE users\n  DROP CONSTRAINT users_pkey,\n  ADD CONSTRAINT users_pkey PRIMARY KEY USING INDEX users_id;',
      },
      {
        before: 'CREATE TABLE users (email text CONSTRAINT email_given CHECK (length(email) > 0));',
        sql: 'ALTER TABLE users DROP CONSTRAINT email_given;',
      },
    ],
  },
  on: ['alter-table'],
  check: (context) => {
    const { action, catalog } = context;
    const found = commandsOn(context, 'drop-constraint');
    const replaced = action.commands.some(
      (command) => command.kind === 'add-constraint' && KEYS.has(command.constraint.kind),
    );
    if (found === null || replaced) return null;
    const constraints = findTable(catalog, action.name)?.constraints;
    const keys = found.commands.flatMap(({ name }) => {
      const constraint = constraints?.get(name);
      return constraint !== undefined && KEYS.has(constraint.kind) ? [constraint] : [];
    });
    if (keys.length === 0) return null;
    const columns = [...new Set(keys.flatMap((key) => key.columns))].map((column) => quoteIdent(column ?? '…'));
    return {
      relations: [found.effect.relation],
      message: `the index of ${list(keys.map(({ name }) => name))} on ${found.effect.relation} goes, and ON CONFLICT over ${list(columns)} fails from now on`,
      why: 'Running code counts on it: for ON CONFLICT, for speed, and for there being no duplicates.',
      instead: `First CREATE UNIQUE INDEX CONCURRENTLY what takes its place, and ADD CONSTRAINT … USING INDEX in the same ALTER TABLE; or suppress this finding with the reason why nothing needs it.`,
    };
  },
});

const KEYS: ReadonlySet<string> = new Set(['primary-key', 'unique', 'exclude']);
