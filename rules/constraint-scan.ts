import {
  blocked,
  defineRule,
  reason,
  relationsOf,
  REQUIRED_WITHOUT_VALUE,
  sqlName,
  whoWaits,
} from '../src/lint/kit.ts';

export default defineRule({
  name: 'constraint-scan',
  category: 'blocking',
  severity: 'error',
  aliases: {
    squawk: ['adding-foreign-key-constraint', 'constraint-missing-not-valid'],
    strong_migrations: [
      'add_check_constraint',
      'add_foreign_key',
      'add_reference',
      'validate_check_constraint',
      'validate_foreign_key',
    ],
    eugene: ['E1', 'W14'],
    MigrationPilot: ['MP005', 'MP030'],
    pgfence: [
      'add-pk-using-index',
      'add-constraint-check-no-not-valid',
      'add-constraint-fk-no-not-valid',
      'not-valid-validate-same-tx',
      'validate-constraint',
    ],
    Atlas: ['PG305', 'PG306'],
  },
  docs: {
    what: 'A CHECK, FOREIGN KEY or NOT NULL constraint that is validated as it is added, or by the statement that adds it.',
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
        before: 'CREATE TABLE orders (total numeric);',
        sql: 'ALTER TABLE orders\n  ADD CONSTRAINT total_positive CHECK (total > 0) NOT VALID,\n  VALIDATE CONSTRAINT total_positive;',
      },
      {
        before: 'CREATE TABLE orders (id bigint);\nCREATE UNIQUE INDEX orders_id ON orders (id);',
        sql: 'ALTER TABLE orders ADD PRIMARY KEY USING INDEX orders_id;',
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
  check: ({ action, effects }) => {
    // A rewrite checks the constraint on its way, and is another rule's hazard, like the build of an index.
    // So is a column that cannot be added while there are rows.
    const found = blocked(
      effects,
      ({ by, indexBuild, because }, { rewrite }) =>
        CHECKS.has(by) && !indexBuild && !rewrite && because !== REQUIRED_WITHOUT_VALUE,
    );
    const [first] = found;
    if (first === undefined) return null;
    const { effect, part } = first;
    const index = action.commands.flatMap((command) =>
      command.kind === 'add-constraint' && command.constraint.kind === 'primary-key'
        ? command.constraint.usingIndex
        : [],
    )[0];
    const table = sqlName(action.name);
    return {
      relations: relationsOf(found),
      message: `the ${part.by === 'add-column' ? 'new column' : 'constraint'} is checked against all of ${effect.relation} while ${whoWaits(effect)} wait`,
      why: reason(first),
      instead:
        index !== undefined && index !== null
          ? `First make its columns NOT NULL without a scan: ADD CONSTRAINT … CHECK (… IS NOT NULL) NOT VALID, VALIDATE CONSTRAINT in a later file, SET NOT NULL. Then this statement takes ${index} over at once.`
          : (INSTEAD[part.by] ??
            `ALTER TABLE ${table} ADD CONSTRAINT … NOT VALID; and in a later file ALTER TABLE ${table} VALIDATE CONSTRAINT …; which lets writes go on.`),
    };
  },
});

const INSTEAD: Readonly<Record<string, string>> = {
  'add-column':
    'Add the column without the constraint, fill it by a backfill if it must have a value, then add the constraint NOT VALID and VALIDATE it in a later file.',
  'alter-constraint':
    'Drop the constraint, add it again NOT VALID, then VALIDATE CONSTRAINT in a later file, which lets writes go on.',
  'validate-constraint':
    'Put VALIDATE CONSTRAINT into a later file, on its own: there it takes a lock that lets writes go on.',
};

const CHECKS: ReadonlySet<string> = new Set([
  'add-constraint',
  'add-column',
  'alter-constraint',
  'validate-constraint',
]);
