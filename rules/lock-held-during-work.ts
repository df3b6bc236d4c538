import { type Action, defineRule, heldDuring, list, whoWaits } from '../src/lint/kit.ts';

export default defineRule({
  name: 'lock-held-during-work',
  category: 'locking',
  severity: 'warning',
  aliases: { eugene: ['E4'], pgfence: ['statement-after-access-exclusive'] },
  docs: {
    what: 'A strong lock, taken for a moment, that stays until the end of the transaction while a long statement runs: a backfill, VALIDATE CONSTRAINT, an index build.',
    why: 'Locks are given back at COMMIT. What would have held up traffic for a millisecond holds it up for as long as the rest of the transaction takes.',
    instead:
      'End the transaction first: put the long statement into a later file, a backfill into one that ends in .backfill.sql.',
    source: 'https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);',
        sql: 'BEGIN;\nALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0) NOT VALID;\nALTER TABLE orders VALIDATE CONSTRAINT total_positive;\nCOMMIT;',
      },
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY, email text);',
        sql: 'ALTER TABLE users ADD COLUMN email_lower text;\nUPDATE users SET email_lower = lower(email);',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);',
        sql: 'ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0) NOT VALID;\nALTER TABLE orders VALIDATE CONSTRAINT total_positive;',
      },
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY, email text);',
        sql: 'ALTER TABLE users ADD COLUMN note text;\nUPDATE users SET note = email WHERE id = 1;',
      },
    ],
  },
  on: [
    'alter-table',
    'create-index',
    'create-table',
    'create-table-as',
    'alter-domain',
    'dml',
    'refresh-materialized-view',
    'reindex',
    'cluster',
  ],
  check: (context) => {
    const held = heldDuring(context);
    const [first] = held;
    if (first === undefined) return null;
    const relations = held.map(({ effect }) => effect.relation);
    return {
      relations,
      message: `${list(relations)} ${relations.length === 1 ? 'stays' : 'stay'} locked against ${whoWaits(first.effect)} while this statement runs`,
      why: `Line ${first.line}${first.file === null ? '' : ` of ${first.file}`} took ${first.effect.lock}, which is given back when the transaction ends, and this statement takes the longer the bigger the table is.`,
      instead: isWrite(context.action)
        ? 'Put this statement into a later file that ends in .backfill.sql: the lock is given back first, and tiptoe backfill runs it in small batches.'
        : 'Put this statement into a later file, so that the lock is given back first.',
    };
  },
});

function isWrite({ kind }: Action): boolean {
  return kind === 'dml' || kind === 'create-table-as';
}
