import { blocked, defineRule, reason, relationsOf } from '../src/lint/kit.ts';

export default defineRule({
  name: 'attach-partition-scan',
  category: 'blocking',
  severity: 'error',
  aliases: { MigrationPilot: ['MP072', 'MP094'] },
  docs: {
    what: 'ATTACH PARTITION, or CREATE TABLE … PARTITION OF beside a default partition, that checks every row of a table that exists.',
    why: 'The new partition, or the default one, is read under AccessExclusiveLock to prove that its rows are where they belong.',
    instead:
      'Give the table a CHECK that says what the bounds say (NOT VALID, then VALIDATE) before it is attached; give the default partition one that excludes the new bounds.',
    source: 'https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-ATTACH-PARTITION',
  },
  examples: {
    bad: [
      {
        before: 'CREATE TABLE visits (day date) PARTITION BY RANGE (day);\nCREATE TABLE visits_2030 (day date);',
        sql: "ALTER TABLE visits ATTACH PARTITION visits_2030 FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');",
      },
      {
        before:
          'CREATE TABLE visits (day date) PARTITION BY RANGE (day);\nCREATE TABLE visits_rest PARTITION OF visits DEFAULT;',
        sql: "CREATE TABLE visits_2030 PARTITION OF visits FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');",
      },
    ],
    good: [
      {
        before: 'CREATE TABLE visits (day date) PARTITION BY RANGE (day);',
        sql: "CREATE TABLE visits_2030 (day date);\nALTER TABLE visits ATTACH PARTITION visits_2030 FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');",
      },
    ],
  },
  on: ['alter-table', 'create-table'],
  check: ({ effects }) => {
    const found = blocked(effects, ({ by }) => by === 'attach-partition' || by === 'create-table');
    const [first] = found;
    if (first === undefined) return null;
    return {
      relations: relationsOf(found),
      message: `${first.part.indexBuild || first.effect.indexBuild ? `indexes are built over all of ${first.effect.relation}` : `every row of ${first.effect.relation} is checked`} while nobody can read or write it`,
      why: reason(first),
      instead: first.effect.indexBuild
        ? `First CREATE INDEX CONCURRENTLY on ${first.effect.relation} like each index of the partitioned table, and give it a CHECK that proves its bounds (NOT VALID, then VALIDATE): then no row is read.`
        : 'First give that table a CHECK constraint that proves it (NOT VALID, then VALIDATE): then no row is read.',
    };
  },
});
