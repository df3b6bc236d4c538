import { blocked, defineRule, reason, relationsOf, whoWaits } from '../src/lint/kit.ts';

export default defineRule({
  name: 'constraint-scan',
  category: 'blocking',
  severity: 'error',
  docs: {
    what: 'A CHECK, FOREIGN KEY or NOT NULL constraint that is validated as it is added.',
    why: 'Every row is read while writes (FOREIGN KEY, on both tables) or all traffic (CHECK, NOT NULL) wait.',
    instead:
      'Add it NOT VALID, which is instant and holds for new rows, then VALIDATE CONSTRAINT in a later file: that reads every row but lets writes go on.',
    source: 'https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE orders (total numeric);',
        sql: 'ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0);',
      },
      {
        before:
          'CREATE TABLE users (id bigint PRIMARY KEY);\nCREATE TABLE orders (user_id bigint);\nINSERT INTO users VALUES (1);\nINSERT INTO orders VALUES (1);',
        sql: 'ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users;',
      },
      {
        before: 'CREATE TABLE orders (total numeric);',
        sql: 'ALTER TABLE orders ADD COLUMN tax numeric CHECK (tax >= 0);',
      },
      {
        before:
          'CREATE TABLE users (id bigint PRIMARY KEY);\nCREATE TABLE orders (total numeric);\nINSERT INTO users VALUES (1);\nINSERT INTO orders VALUES (1);',
        sql: 'ALTER TABLE orders ADD COLUMN user_id bigint DEFAULT 1 REFERENCES users;',
      },
      {
        before: 'CREATE TABLE orders (total numeric);',
        sql: 'ALTER TABLE orders ADD CONSTRAINT total_given NOT NULL total;',
        since: 18,
      },
    ],
    good: [
      {
        before: 'CREATE TABLE orders (total numeric);',
        sql: 'ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0) NOT VALID;',
      },
      {
        before:
          'CREATE TABLE orders (total numeric);\nALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0) NOT VALID;',
        sql: 'ALTER TABLE orders VALIDATE CONSTRAINT total_positive;',
      },
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);\nCREATE TABLE orders (total numeric);',
        sql: 'ALTER TABLE orders ADD COLUMN user_id bigint REFERENCES users;',
      },
    ],
  },
  on: ['alter-table'],
  check: ({ effects }) => {
    // A rewrite checks the constraint on its way, and is another rule's hazard, like the build of an index.
    const found = blocked(effects, ({ by, indexBuild }, { rewrite }) => ADDS.has(by) && !indexBuild && !rewrite);
    const [first] = found;
    if (first === undefined) return null;
    return {
      relations: relationsOf(found),
      message: `the new ${first.part.by === 'add-column' ? 'column' : 'constraint'} is checked against all of ${first.effect.relation} while ${whoWaits(first.effect)} wait`,
      why: reason(first),
      instead:
        first.part.by === 'add-column'
          ? 'Add the column without the constraint, fill it by a backfill if it must have a value, then add the constraint NOT VALID and VALIDATE it in a later file.'
          : 'Add it NOT VALID, then VALIDATE CONSTRAINT in a later file, which lets writes go on.',
    };
  },
});

const ADDS: ReadonlySet<string> = new Set(['add-constraint', 'add-column', 'alter-constraint']);
