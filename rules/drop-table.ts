import { defineRule, list, standing } from '../src/lint/kit.ts';

export default defineRule({
  name: 'drop-table',
  category: 'data-loss',
  severity: 'warning',
  aliases: {
    squawk: ['ban-drop-table'],
    strong_migrations: ['create_table'],
    MigrationPilot: ['MP026'],
    pgfence: ['drop-table'],
    Atlas: ['DS102'],
  },
  docs: {
    what: 'DROP TABLE on a table that already exists.',
    why: 'The rows are gone, and running code that still reads or writes the table fails. The other side of each foreign key is locked against everything as well.',
    instead:
      'Release code that no longer uses the table; drop its foreign keys, one at a time; keep a copy of what may be needed; then drop it, and say so in a suppression.',
    source: 'https://www.postgresql.org/docs/current/sql-droptable.html',
  },
  examples: {
    bad: [
      { before: 'CREATE TABLE orders (id bigint PRIMARY KEY);', sql: 'DROP TABLE orders;' },
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);\nCREATE TABLE orders (user_id bigint REFERENCES users);',
        sql: 'DROP TABLE orders;',
      },
      {
        before: 'CREATE TABLE orders (total numeric);\nCREATE VIEW totals AS SELECT total FROM orders;',
        sql: 'DROP TABLE orders CASCADE;',
      },
    ],
    good: [{ sql: 'CREATE TABLE rates_new (day date);\nDROP TABLE rates_new;' }],
  },
  on: ['drop-relation'],
  check: (context) => {
    const { action, effects } = context;
    if (action.relationKind !== 'table' && action.relationKind !== 'foreign-table') return null;
    const gone = new Set(action.names.flatMap((name) => standing(context, name)?.relation ?? []));
    const dropped = [...gone];
    const [first] = dropped;
    if (first === undefined) return null;
    const others = effects.relations.flatMap(({ relation, preexisting }) =>
      preexisting && !gone.has(relation) ? [relation] : [],
    );
    return {
      relations: [...dropped, ...others],
      message: `DROP TABLE removes ${list(dropped)} and all ${dropped.length === 1 ? 'its' : 'their'} rows${action.cascade ? ', and CASCADE whatever depends on it' : ''}`,
      why: `Nothing brings the rows back, and running code that still uses the table fails.${others.length === 0 ? '' : ` ${list(others)} ${others.length === 1 ? 'is' : 'are'} locked against reads and writes with it.`}`,
      instead: `First release code that no longer uses ${first}${others.length === 0 ? '' : ', and drop what ties it to others in files of their own'}; then suppress this finding with that as the reason.`,
    };
  },
});
