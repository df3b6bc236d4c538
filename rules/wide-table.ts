import { creationSchema, defineRule } from '../src/lint/kit.ts';

export default defineRule({
  name: 'wide-table',
  category: 'policy',
  severity: 'off',
  docs: {
    what: 'A new table with more than 60 columns.',
    why: 'Every row that is read is as wide as all of them, every update writes all of them anew, and the limit of 1,600 also counts dropped ones.',
    instead: 'Split what is rarely used into a table of its own.',
    source: 'https://www.postgresql.org/docs/current/limits.html',
  },
  examples: {
    bad: [
      {
        sql: 'CREATE TABLE survey (id bigint PRIMARY KEY, q0 text, q1 text, q2 text, q3 text, q4 text, q5 text, q6 text, q7 text, q8 text, q9 text, q10 text, q11 text, q12 text, q13 text, q14 text, q15 text, q16 text, q17 text, q18 text, q19 text, q20 text, q21 text, q22 text, q23 text, q24 text, q25 text, q26 text, q27 text, q28 text, q29 text, q30 text, q31 text, q32 text, q33 text, q34 text, q35 text, q36 text, q37 text, q38 text, q39 text, q40 text, q41 text, q42 text, q43 text, q44 text, q45 text, q46 text, q47 text, q48 text, q49 text, q50 text, q51 text, q52 text, q53 text, q54 text, q55 text, q56 text, q57 text, q58 text, q59 text);',
      },
    ],
    good: [{ sql: 'CREATE TABLE survey (id bigint PRIMARY KEY, answers jsonb);' }],
  },
  options: {
    columns: { type: 'integer', minimum: 1, default: 60, description: 'How many columns a table may have.' },
  },
  on: ['create-table'],
  check: ({ action, catalog, options }) => {
    if (action.columns.length <= options.columns) return null;
    const table = `${creationSchema(catalog, action.name)}.${action.name.name}`;
    return {
      relations: [table],
      message: `${table} has ${action.columns.length} columns, more than ${options.columns}`,
      why: 'Every update writes the whole row anew, and every read of a row takes all of it.',
      instead: 'Split what is rarely used into a table of its own.',
    };
  },
});
