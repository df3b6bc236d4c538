import { defineRule, isMadeBefore, isMadeLater, list } from '../src/lint/kit.ts';

export default defineRule({
  name: 'drop-function',
  category: 'compatibility',
  severity: 'warning',
  docs: {
    what: 'DROP FUNCTION or PROCEDURE, unless the same file makes it anew.',
    why: 'Running code that calls it fails until the next release, and so do the triggers and functions of others: a body in PL/pgSQL is looked up when it runs.',
    instead: 'First release code that does not call it; then drop it, and say so in a suppression.',
    source: 'https://www.postgresql.org/docs/current/sql-dropfunction.html',
  },
  examples: {
    bad: [
      {
        before: 'CREATE FUNCTION tax(numeric) RETURNS numeric LANGUAGE sql AS $$ SELECT $1 * 0.2 $$;',
        sql: 'DROP FUNCTION tax(numeric);',
      },
    ],
    good: [
      {
        before: 'CREATE FUNCTION tax(numeric) RETURNS numeric LANGUAGE sql AS $$ SELECT $1 * 0.2 $$;',
        sql: 'DROP FUNCTION tax(numeric);\nCREATE FUNCTION tax(amount numeric) RETURNS numeric LANGUAGE sql AS $$ SELECT amount * 0.2 $$;',
      },
    ],
  },
  on: ['drop-function'],
  check: ({ action, file }) => {
    const gone = action.functions.flatMap(({ name }) =>
      isMadeLater(file, name) || isMadeBefore(file, name) ? [] : [`${name.name}()`],
    );
    if (gone.length === 0) return null;
    return {
      relations: [],
      message: `running code that calls ${list(gone)} fails from now on`,
      why: 'Code and schema are never released at the same moment; and bodies in PL/pgSQL that call it are only looked at when they run.',
      instead: 'First release code that does not call it; then suppress this finding with that as the reason.',
    };
  },
});
