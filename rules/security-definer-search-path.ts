import { creationSchema, defineRule, plainWords } from '../src/lint/kit.ts';

export default defineRule({
  name: 'security-definer-search-path',
  category: 'policy',
  severity: 'warning',
  aliases: { MigrationPilot: ['MP099'] },
  docs: {
    what: 'A SECURITY DEFINER function without SET search_path.',
    why: 'It runs with the rights of its owner, and finds tables and operators by the search_path of whoever calls it: a caller can put his own in their place.',
    instead: "SET search_path = '' (or pg_catalog, pg_temp) in the function, and qualified names in its body.",
    source: 'https://www.postgresql.org/docs/current/sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY',
  },
  examples: {
    bad: [{ sql: "CREATE FUNCTION one() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';" }],
    good: [
      { sql: "CREATE FUNCTION one() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT 1';" },
      { sql: "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';" },
    ],
  },
  on: ['create-function'],
  check: ({ action, text, catalog }) => {
    if (!/\bdefiner\b/i.test(text)) return null;
    const words = plainWords(text);
    if (!words.includes('SECURITY DEFINER') || /\bSET SEARCH_PATH\b/.test(words)) return null;
    const name = `${creationSchema(catalog, action.name)}.${action.name.name}`;
    return {
      relations: [],
      message: `${name} runs with the rights of its owner, and by the search_path of its caller`,
      why: 'A caller can put tables, functions and operators of his own in the place of those that it means.',
      instead: "Add SET search_path = '', and qualify the names in its body.",
    };
  },
});
