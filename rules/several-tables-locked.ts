import { defineRule, familyOf, isLong, keptOut, list, RELATION_CHANGES, whoWaits } from '../src/lint/kit.ts';

export default defineRule({
  name: 'several-tables-locked',
  category: 'locking',
  severity: 'off',
  aliases: { MigrationPilot: ['MP008'] },
  docs: {
    what: 'A transaction that locks one table that already exists, and then waits for the lock on another.',
    why: 'While it waits for the second lock, behind whatever runs there, nobody can use the first table. Code that uses the two in the other order ends in a deadlock.',
    instead: 'One file for each table, so that each lock is given back before the next is waited for.',
    source: 'https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-DEADLOCKS',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE users (id bigint);\nCREATE TABLE orders (id bigint);',
        sql: 'ALTER TABLE users ADD COLUMN note text;\nALTER TABLE orders ADD COLUMN note text;',
      },
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);\nCREATE TABLE orders (id bigint PRIMARY KEY);',
        sql: 'CREATE TABLE refunds (\n  user_id bigint REFERENCES users,\n  order_id bigint REFERENCES orders\n);',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE users (id bigint);',
        sql: "ALTER TABLE users ADD COLUMN note text;\nALTER TABLE users ALTER COLUMN note SET DEFAULT '';",
      },
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);',
        sql: 'CREATE TABLE orders (user_id bigint REFERENCES users);\nALTER TABLE users ADD COLUMN note text;',
      },
      {
        before: 'CREATE TABLE users (id bigint);\nCREATE TABLE orders (id bigint);',
        sql: 'BEGIN;\nALTER TABLE users ADD COLUMN note text;\nCOMMIT;\nBEGIN;\nALTER TABLE orders ADD COLUMN note text;\nCOMMIT;',
      },
    ],
  },
  on: RELATION_CHANGES,
  check: (context) => {
    const { action, transaction, catalog } = context;
    // What was dropped or renamed meanwhile is missed by nobody under its old name.
    const held = [...transaction.held.values()].filter(({ effect }) => catalog.relations.has(effect.relation));
    // The first wait of a transaction speaks for those after it. A long statement is another rule's hazard.
    if (new Set(held.map(({ file, line }) => `${file}:${line}`)).size > 1 || isLong(context, catalog)) return null;
    // Of an index that the history does not know, the table has no name.
    const taken = keptOut(context).filter(
      ({ relation }) => action.kind !== 'drop-relation' || catalog.relations.has(relation),
    );
    const families = new Set(taken.map(({ relation }) => familyOf(catalog, relation)));
    const before = new Set(held.map(({ effect }) => familyOf(catalog, effect.relation)));
    const kept = held.flatMap(({ effect }) => (families.has(familyOf(catalog, effect.relation)) ? [] : [effect]));
    const waited = taken.filter(({ relation }) => !before.has(familyOf(catalog, relation)));
    // A statement that takes several locks itself cannot be divided; but a new table waits for each table that it refers to.
    if (waited.length === 0 || (kept.length === 0 && action.kind !== 'create-table')) return null;
    const [first, ...others] = [...kept, ...waited];
    if (first === undefined || others.length === 0) return null;
    const rest = others.filter(({ relation }) => familyOf(catalog, relation) !== familyOf(catalog, first.relation));
    return {
      relations: [first, ...others].map(({ relation }) => relation),
      message: `${first.relation} stays locked against ${whoWaits(first)} while the lock on ${list(rest.map(({ relation }) => relation))} is waited for`,
      why: 'The wait is as long as the longest query over there; and code that uses the two the other way round ends in a deadlock.',
      instead:
        action.kind === 'create-table'
          ? 'CREATE TABLE without the foreign keys, then add each in a file of its own: on the empty table that is instant.'
          : 'Put this statement into a file of its own, so that the first lock is given back before the next is waited for.',
    };
  },
});
