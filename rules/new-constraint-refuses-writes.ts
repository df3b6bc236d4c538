import { blocked, commandsOn, defineRule } from '../src/lint/kit.ts';

export default defineRule({
  name: 'new-constraint-refuses-writes',
  category: 'compatibility',
  severity: 'off',
  docs: {
    what: 'A constraint that is added to a table that already exists, NOT VALID or over an index that is there.',
    why: 'It holds for new rows at once: where running code writes what it forbids, those writes fail.',
    instead: 'First release code that writes nothing else, and look whether old rows show that something does.',
    source: 'https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-ADD-TABLE-CONSTRAINT',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE orders (total numeric);',
        sql: 'ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0) NOT VALID;',
      },
    ],
    good: [{ sql: 'CREATE TABLE rates (value numeric);\nALTER TABLE rates ADD CHECK (value > 0);' }],
  },
  on: ['alter-table'],
  check: (context) => {
    const found = commandsOn(context, 'add-constraint');
    const enforced = found?.commands.some(({ constraint }) => constraint.enforced);
    if (found === null || enforced !== true || blocked(context.effects).length > 0) return null;
    return {
      relations: [found.effect.relation],
      message: `writes of running code to ${found.effect.relation} that the new constraint forbids fail from now on`,
      why: 'NOT VALID spares old rows only; what is inserted or updated is checked at once.',
      instead: 'First release code that writes nothing else; then suppress this finding with that as the reason.',
    };
  },
});
