import { defineRule, isMadeLater, list, standing } from '../src/lint/kit.ts';

export default defineRule({
  name: 'drop-view',
  category: 'compatibility',
  severity: 'warning',
  docs: {
    what: 'DROP VIEW or DROP MATERIALIZED VIEW on one that already exists, unless the same file makes it anew.',
    why: 'Running code that reads the view fails until the next release.',
    instead: 'First release code that does not read it; then drop it, and say so in a suppression.',
    source: 'https://www.postgresql.org/docs/current/sql-dropview.html',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE orders (total numeric);\nCREATE VIEW totals AS SELECT total FROM orders;',
        sql: 'DROP VIEW totals;',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE orders (total numeric);\nCREATE VIEW totals AS SELECT total FROM orders;',
        sql: 'DROP VIEW totals;\nCREATE VIEW totals AS SELECT sum(total) FROM orders;',
      },
    ],
  },
  on: ['drop-relation'],
  check: (context) => {
    const { action, file } = context;
    if (action.relationKind !== 'view' && action.relationKind !== 'materialized-view') return null;
    const gone = action.names.flatMap((name) =>
      isMadeLater(file, name) ? [] : (standing(context, name)?.relation ?? []),
    );
    if (gone.length === 0) return null;
    return {
      relations: gone,
      message: `running code that reads ${list(gone)} fails from now on`,
      why: 'Code and schema are never released at the same moment: every query of a dropped view is an error until the next release.',
      instead: 'First release code that does not read it; then suppress this finding with that as the reason.',
    };
  },
});
