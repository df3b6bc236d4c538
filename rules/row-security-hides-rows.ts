import { afterwards, commandsOn, defineRule, findTable, sqlName } from '../src/lint/kit.ts';

export default defineRule({
  name: 'row-security-hides-rows',
  category: 'compatibility',
  severity: 'warning',
  aliases: { MigrationPilot: ['MP057'] },
  docs: {
    what: 'ENABLE or FORCE ROW LEVEL SECURITY on a table that already exists and has no policy.',
    why: 'Without a policy nobody but the owner sees a row or may write one: running code that uses another role finds the table empty, without an error.',
    instead:
      'CREATE POLICY first, which does nothing until row security is enabled; then enable it in the same transaction or later.',
    source: 'https://www.postgresql.org/docs/current/ddl-rowsecurity.html',
  },
  examples: {
    bad: [{ before: 'CREATE TABLE orders (id bigint);', sql: 'ALTER TABLE orders ENABLE ROW LEVEL SECURITY;' }],
    good: [
      {
        before: 'CREATE TABLE orders (id bigint, owner text);',
        sql: 'CREATE POLICY own ON orders USING (owner = current_user);\nALTER TABLE orders ENABLE ROW LEVEL SECURITY;',
      },
      { sql: 'CREATE TABLE rates (day date);\nALTER TABLE rates ENABLE ROW LEVEL SECURITY;' },
    ],
  },
  on: ['alter-table'],
  check: (context) => {
    const { action, catalog, file } = context;
    const found = commandsOn(context, 'set-row-security');
    const on = found?.commands.some(({ mode }) => mode === 'enable' || mode === 'force');
    if (found === null || on !== true) return null;
    const policies = findTable(catalog, action.name)?.policies.size ?? 0;
    if (policies > 0 || afterwards(file, action.name).some(({ kind }) => kind === 'create-policy')) return null;
    return {
      relations: [found.effect.relation],
      message: `every role but the owner finds ${found.effect.relation} empty: there is no policy`,
      why: 'Reads return no row and writes are refused, from the moment of COMMIT on.',
      instead: `First CREATE POLICY … ON ${sqlName(action.name)} USING (…); it does nothing until row security is enabled.`,
    };
  },
});
