import { defineRule, isMadeBefore, isMadeLater, list, qualifiedName, sqlName, standing } from '../src/lint/kit.ts';

export default defineRule({
  name: 'move-to-schema',
  category: 'compatibility',
  severity: 'error',
  aliases: { strong_migrations: ['rename_schema'], MigrationPilot: ['MP098'] },
  docs: {
    what: 'SET SCHEMA on a table that already exists, and ALTER SCHEMA … RENAME.',
    why: 'The running code finds the table under its old name, by schema or by search_path; all of its queries fail until the next release.',
    instead:
      'Put a view of the old name in the old schema in the same transaction, or set search_path for the role so that both schemas are looked in.',
    source: 'https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PATH',
  },
  examples: {
    bad: [
      {
        before: 'CREATE SCHEMA billing;\nCREATE TABLE invoices (id bigint);',
        sql: 'ALTER TABLE invoices SET SCHEMA billing;',
      },
      {
        before: 'CREATE SCHEMA billing;\nCREATE TABLE billing.invoices (id bigint);',
        sql: 'ALTER SCHEMA billing RENAME TO accounting;',
      },
    ],
    good: [
      {
        before: 'CREATE SCHEMA billing;\nCREATE TABLE invoices (id bigint);',
        sql: 'ALTER TABLE invoices SET SCHEMA billing;\nCREATE VIEW invoices AS SELECT * FROM billing.invoices;',
      },
      {
        before: 'CREATE SCHEMA billing;',
        sql: 'CREATE TABLE refunds (id bigint);\nALTER TABLE refunds SET SCHEMA billing;',
      },
      { sql: 'CREATE SCHEMA trial;\nALTER SCHEMA trial RENAME TO billing;' },
    ],
  },
  on: ['set-schema', 'rename-schema'],
  check: (context) => {
    const { action, catalog, file } = context;
    if (action.kind === 'rename-schema') {
      if (isMadeBefore(file, { schema: null, name: action.from })) return null;
      const inside = [...catalog.relations.values()].filter(
        ({ schema, kind }) => schema === action.from && kind !== 'index' && kind !== 'sequence',
      );
      return {
        relations: inside.map(qualifiedName),
        message: `running code still calls the schema ${action.from}, and fails when it becomes ${action.to}${inside.length === 0 ? '' : `: ${list(inside.map(qualifiedName))}`}`,
        why: WHY,
        instead: `CREATE SCHEMA ${action.to} and move the tables one by one, each with a view of its old name in ${action.from}.`,
      };
    }
    const effect = standing(context, action.relation);
    if (effect === null || action.relationKind === 'index' || action.relationKind === 'sequence') return null;
    if (isMadeLater(file, action.relation)) return null;
    return {
      relations: [effect.relation],
      message: `running code still looks for ${effect.relation}, and fails when it moves to the schema ${action.schema}`,
      why: WHY,
      instead: `In the same transaction: CREATE VIEW ${sqlName(action.relation)} AS SELECT * FROM ${sqlName({ schema: action.schema, name: action.relation.name })}; and drop the view when all code uses the new name.`,
    };
  },
});

const WHY =
  'Code and schema are never released at the same moment: every query with the old name is an error until the next release.';
