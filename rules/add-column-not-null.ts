import {
  blocked,
  defineRule,
  list,
  quoteIdent,
  relationsOf,
  REQUIRED_WITHOUT_VALUE,
  sqlName,
} from '../src/lint/kit.ts';

export default defineRule({
  name: 'add-column-not-null',
  category: 'blocking',
  severity: 'error',
  aliases: {
    squawk: ['adding-required-field'],
    MigrationPilot: ['MP084'],
    pgfence: ['add-column-not-null-no-default'],
  },
  docs: {
    what: 'ADD COLUMN … NOT NULL without a default.',
    why: 'Every row is looked at under AccessExclusiveLock, and the statement fails if there is one. Where the table is empty, INSERTs of the running code, which does not know the column, fail.',
    instead:
      'Give it a DEFAULT, which is instant. Or add it without NOT NULL, fill it by a backfill, then make it NOT NULL by a CHECK … NOT VALID that is validated in a later file.',
    source: 'https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);',
        sql: 'ALTER TABLE users ADD COLUMN email text NOT NULL;',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);',
        sql: "ALTER TABLE users ADD COLUMN email text NOT NULL DEFAULT '';",
      },
      { sql: 'CREATE TABLE rates (day date);\nALTER TABLE rates ADD COLUMN value numeric NOT NULL;' },
    ],
  },
  on: ['alter-table'],
  check: ({ action, effects }) => {
    const found = blocked(
      effects,
      ({ because, indexBuild }, { rewrite }) => because === REQUIRED_WITHOUT_VALUE && !indexBuild && !rewrite,
    );
    const [first] = found;
    if (first === undefined) return null;
    const columns = action.commands.flatMap((command) =>
      command.kind === 'add-column' && command.column.notNull && command.column.default === null
        ? [quoteIdent(command.column.name)]
        : [],
    );
    return {
      relations: relationsOf(found),
      message: `${list(columns)} cannot be NOT NULL while ${first.effect.relation} has rows`,
      why: `Every row is looked at under ${first.effect.lock}, and the statement fails if there is one; if there is none, INSERTs of the running code fail.`,
      instead: `Give it a DEFAULT, which is instant. Or ALTER TABLE ${sqlName(action.name)} ADD COLUMN ${columns[0] ?? '…'} … without NOT NULL, fill it by a backfill, then SET NOT NULL by way of a CHECK that is validated in a later file.`,
    };
  },
});
