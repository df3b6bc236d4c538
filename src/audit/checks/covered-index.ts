import { roughBytes } from '../../bytes.ts';
import { defineCheck, found } from '../check.ts';
import {
  byTable,
  columnsOf,
  coveredBy,
  definitionsSql,
  dropSql,
  duplicates,
  indexRows,
  type IndexRow,
} from '../index-rows.ts';

export const coveredIndex = defineCheck<IndexRow>({
  name: 'covered-index',
  category: 'load',
  severity: 'warning',
  docs: {
    what: 'An index whose columns another index of the table begins with (same operator classes, collations, order and predicate), and that keeps nothing unique.',
    why: 'Every write pays for both, and the wider one can answer what the narrower one does.',
    instead: 'Drop the narrower one, unless it is so much smaller that hot queries would feel it.',
    source: 'https://www.postgresql.org/docs/current/indexes-multicolumn.html',
  },
  sql: indexRows,
  judge: (rows) =>
    byTable(rows).flatMap((indexes) => {
      const redundant = duplicates(indexes);
      const left = indexes.filter((index) => !redundant.has(index));
      return left.flatMap((index) => {
        const wider = coveredBy(index, left);
        if (wider === undefined) return [];
        return [
          found({
            object: `${index.schema}.${index.name}`,
            relation: `${index.tableSchema}.${index.table}`,
            message: `the index ${index.schema}.${index.name} (${columnsOf(index).join(', ')}) is covered by ${wider.name} (${columnsOf(wider).join(', ')}) of ${wider.tableSchema}.${wider.table} (about ${roughBytes(Number(index.bytes))} against ${roughBytes(Number(wider.bytes))})`,
            look: definitionsSql(index, wider),
            instead: `Unless the narrower one is much faster for hot queries: ${dropSql(index)}`,
          }),
        ];
      });
    }),
});
