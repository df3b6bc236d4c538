import { commandsOn, cuts, defineRule, findTable, list, lossOf, quoteIdent } from '../src/lint/kit.ts';

export default defineRule({
  name: 'type-change-loses-data',
  category: 'data-loss',
  severity: 'error',
  aliases: { MigrationPilot: ['MP044'] },
  docs: {
    what: 'ALTER COLUMN … TYPE that rounds or cuts values without an error: numeric to integer, fewer digits, timestamp to date, USING with a cast to a shorter varchar.',
    why: 'PostgreSQL fails on a value that is too big for its new type, but rounds one that is too exact, and an explicit cast cuts one that is too long. Nothing brings the rest back.',
    instead:
      'Add a column of the new type and fill it by a backfill; look at the rows where the two differ; only then drop the old one.',
    source: 'https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-NUMERIC-DECIMAL',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE prices (amount numeric(12,4));',
        sql: 'ALTER TABLE prices ALTER COLUMN amount TYPE numeric(12,2);',
        also: ['change-type-rewrite'],
      },
      {
        before: 'CREATE TABLE visits (at timestamptz);',
        sql: 'ALTER TABLE visits ALTER COLUMN at TYPE date;',
        also: ['change-type-rewrite'],
      },
      {
        before: 'CREATE TABLE users (name text);',
        sql: 'ALTER TABLE users ALTER COLUMN name TYPE varchar(20) USING name::varchar(20);',
        also: ['change-type-rewrite'],
      },
    ],
    good: [
      {
        before: 'CREATE TABLE prices (amount numeric(12,2));',
        sql: 'ALTER TABLE prices ALTER COLUMN amount TYPE numeric(14,2);',
      },
      { sql: 'CREATE TABLE rates (value numeric);\nALTER TABLE rates ALTER COLUMN value TYPE int;' },
    ],
  },
  on: ['alter-table'],
  check: (context) => {
    const { action, catalog } = context;
    const found = commandsOn(context, 'set-type');
    if (found === null) return null;
    const columns = findTable(catalog, action.name)?.columns;
    const losses = found.commands.flatMap(({ column, type, using }) => {
      const old = columns?.get(column)?.type;
      const cast = using?.bareColumn?.casts.at(-1) ?? null;
      const loss =
        cast !== null && cuts(cast) && !(old !== undefined && old.name === cast.name && !isShorter(old, cast))
          ? `cuts ${quoteIdent(column)} to length`
          : null;
      const rounded = old === undefined ? null : lossOf(old, cast ?? type);
      return loss ?? (rounded === null ? [] : `${rounded} of ${quoteIdent(column)}`);
    });
    if (losses.length === 0) return null;
    return {
      relations: [found.effect.relation],
      message: `the new type ${list(losses)}, without an error, in every row of ${found.effect.relation}`,
      why: 'What is rounded or cut off cannot be computed back.',
      instead:
        'Add a column of the new type, fill it by a backfill, and look at the rows where the two differ before the old one goes.',
    };
  },
});

function isShorter(old: { readonly modifiers: readonly (number | string)[] }, next: typeof old): boolean {
  const [had = Infinity, has = Infinity] = [old.modifiers[0], next.modifiers[0]];
  return Number(has) < Number(had);
}
