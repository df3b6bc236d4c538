import { creationSchema, defineRule, joinedPublications, list, quoteIdent, sqlName } from '../src/lint/kit.ts';

export default defineRule({
  name: 'unpublished-table',
  category: 'policy',
  severity: 'off',
  docs: {
    what: 'A new table that no publication sends, in a schema whose tables a publication names one by one.',
    why: 'FOR TABLE sends what it names, and nothing that is made later: the table is missing on the subscribers, and nobody is told.',
    instead:
      'Make the table on the subscribers, ALTER PUBLICATION … ADD TABLE here, and ALTER SUBSCRIPTION … REFRESH PUBLICATION there.',
    source: 'https://www.postgresql.org/docs/current/sql-alterpublication.html',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE orders (id bigint PRIMARY KEY);\nCREATE PUBLICATION shop FOR TABLE orders;',
        sql: 'CREATE TABLE items (id bigint PRIMARY KEY);',
      },
    ],
    good: [
      {
        before: 'CREATE TABLE orders (id bigint PRIMARY KEY);\nCREATE PUBLICATION shop FOR TABLE orders;',
        sql: 'CREATE TABLE items (id bigint PRIMARY KEY);\nALTER PUBLICATION shop ADD TABLE items;',
      },
      { sql: 'CREATE TABLE items (id bigint PRIMARY KEY);' },
    ],
  },
  on: ['create-table'],
  check: ({ action, catalog, file }) => {
    if (action.persistence !== 'permanent' || action.partitionOf !== null || action.foreign) return null;
    const schema = creationSchema(catalog, action.name);
    const table = `${schema}.${action.name.name}`;
    const naming = [...catalog.publications].filter(([, { tables }]) =>
      [...tables.keys()].some((other) => other.schema === schema),
    );
    if (naming.length === 0 || catalog.relations.has(table) || joinedPublications(catalog, action).length > 0)
      return null;
    const isAdded = file.actions
      .slice(file.at)
      .some(
        (later) =>
          (later.kind === 'alter-publication' || later.kind === 'create-publication') &&
          (later.content.allTables || later.content.tables.some(({ name }) => name === action.name.name)),
      );
    if (isAdded) return null;
    const publications = naming.map(([name]) => name);
    return {
      relations: [table],
      message: `no publication sends ${table}, while ${list(publications)} sends other tables of ${schema}`,
      why: 'Subscribers never see the table, and nobody is told.',
      instead: `ALTER PUBLICATION ${quoteIdent(publications[0] ?? '')} ADD TABLE ${sqlName(action.name)}, once subscribers have the table; or suppress this finding with the reason why they need not have it.`,
    };
  },
});
