import { roughBytes } from '../../bytes.ts';
import { defineCheck, found } from '../check.ts';
import { byTable, definitionsSql, dropSql, duplicates, indexRows, type IndexRow } from '../index-rows.ts';

export const duplicateIndex = defineCheck<IndexRow>({
  name: 'duplicate-index',
  category: 'load',
  severity: 'warning',
  docs: {
    what: 'Two indexes of a table with the same columns, operator classes, collations, order, expressions and predicate, where one promises nothing that the other does not.',
    why: 'Every write pays for both; queries use one.',
    instead: 'Drop the one that no constraint, foreign key or replica identity needs.',
    source: 'https://www.postgresql.org/docs/current/indexes-multicolumn.html',
  },
  sql: indexRows,
  judge: (rows) =>
    byTable(rows).flatMap((indexes) =>
      Array.from(duplicates(indexes), ([other, kept]) =>
        found({
          object: `${other.schema}.${other.name}`,
          relation: `${other.tableSchema}.${other.table}`,
          message: `the index ${other.schema}.${other.name} does nothing that ${kept.name} of ${kept.tableSchema}.${kept.table} does not do (about ${roughBytes(Number(other.bytes))})`,
          look: definitionsSql(kept, other),
          instead: `Keep ${kept.name}, and: ${dropSql(other)}`,
        }),
      ),
    ),
});
