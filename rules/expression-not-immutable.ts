import {
  type Action,
  type Catalog,
  creationSchema,
  defineRule,
  type Expression,
  mutableCall,
  resolve,
} from '../src/lint/kit.ts';

export default defineRule({
  name: 'expression-not-immutable',
  category: 'correctness',
  severity: 'error',
  docs: {
    what: 'An index or a generated column whose expression calls a function that is not IMMUTABLE: now(), to_char(), concat(), unaccent(), a function of your own that is not declared so.',
    why: 'PostgreSQL refuses it: the stored value would be wrong as soon as the function gives another one.',
    instead:
      'Use an immutable form (|| in place of concat(), AT TIME ZONE before to_char()), or a function of your own that is declared IMMUTABLE and keeps that promise.',
    source: 'https://www.postgresql.org/docs/current/xfunc-volatility.html',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE users (first text, last text, seen timestamptz);',
        sql: "CREATE INDEX CONCURRENTLY users_name ON users (concat(first, ' ', last));",
        fails: '42P17',
      },
      {
        before: 'CREATE TABLE users (seen timestamptz);',
        sql: 'CREATE INDEX CONCURRENTLY users_seen ON users (seen) WHERE seen > now();',
        fails: '42P17',
      },
      {
        sql: "CREATE TABLE people (first text, name text GENERATED ALWAYS AS (format('%s', first)) STORED);",
        fails: '42P17',
      },
      {
        sql: "CREATE TABLE people (first text, last text, name text GENERATED ALWAYS AS (concat(first, ' ', last)) STORED);",
        fails: '42P17',
      },
      {
        before:
          "CREATE TABLE users (email text);\nCREATE FUNCTION tidy(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN lower($1); END';",
        sql: 'CREATE INDEX CONCURRENTLY users_email ON users (tidy(email));',
        fails: '42P17',
      },
    ],
    good: [
      {
        before:
          "CREATE TABLE users (email text);\nCREATE FUNCTION tidy(text) RETURNS text LANGUAGE sql AS 'SELECT lower($1)';",
        sql: 'CREATE INDEX CONCURRENTLY users_email ON users (tidy(email));',
      },
      {
        before: 'CREATE TABLE users (first text, last text);',
        sql: "CREATE INDEX CONCURRENTLY users_name ON users ((first || ' ' || last)) WHERE length(last) > 0;",
      },
      { sql: 'CREATE TABLE people (first text, made timestamptz DEFAULT now());' },
    ],
  },
  on: ['create-index', 'create-table', 'alter-table'],
  check: ({ action, catalog }) => {
    const { table, stored } = storedExpressions(action, catalog);
    for (const { of, expression } of stored) {
      const called = mutableCall(catalog, expression);
      if (called === null) continue;
      return {
        relations: [table],
        message: `${of} of ${table} fails: it calls ${called}(), which is not immutable`,
        why: 'PostgreSQL stores only what a function gives for ever: the stored value would be wrong as soon as it gives another one.',
        instead:
          'Use an immutable form of it, or a function of your own that is declared IMMUTABLE and keeps that promise.',
      };
    }
    return null;
  },
});

interface Stored {
  readonly of: string;
  readonly expression: Expression;
}

/** Expressions whose values are kept. */
function storedExpressions(action: Action, catalog: Catalog): { table: string; stored: readonly Stored[] } {
  if (action.kind === 'create-index') {
    const where = action.where === null ? [] : [{ of: 'the predicate of an index', expression: action.where }];
    const expressions = action.expressions.map((expression) => ({ of: 'an index', expression }));
    return { table: resolve(catalog, action.table), stored: [...expressions, ...where] };
  }
  if (action.kind === 'create-table') {
    const table = `${creationSchema(catalog, action.name)}.${action.name.name}`;
    return { table, stored: action.columns.flatMap(generated) };
  }
  if (action.kind !== 'alter-table') return { table: '', stored: [] };
  const stored = action.commands.flatMap((command): Stored[] => {
    if (command.kind === 'add-column') return generated(command.column);
    if (command.kind !== 'set-expression') return [];
    return [{ of: `the generated column ${command.column}`, expression: command.expression }];
  });
  return { table: resolve(catalog, action.name), stored };
}

function generated(column: {
  readonly name: string;
  readonly generated: { readonly expression: Expression } | null;
}): Stored[] {
  return column.generated === null
    ? []
    : [{ of: `the generated column ${column.name}`, expression: column.generated.expression }];
}
