import { beforeAll, describe, expect, test } from 'vitest';
import { rules } from '../../rules/index.ts';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { analyse, type AnalyseOptions, lint } from '../../src/lint/engine.ts';
import type { TableFacts } from '../../src/lint/facts.ts';
import { DEFAULT_LIVE, type LiveSettings } from '../../src/lint/live-settings.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

const KB = 1_024;
const GB = 1_024 ** 3;

function table(rows: number | null, heapBytes: number | null, writesPerSecond: number | null = 0): TableFacts {
  return { rows, bytes: heapBytes, heapBytes, indexBytes: heapBytes, writesPerSecond };
}

const TABLES: Readonly<Record<string, TableFacts>> = {
  'public.countries': table(12, 8 * KB),
  'public.languages': table(7, 8 * KB),
  'public.orders': table(900_000_000, 84 * GB, 120),
  'public.counters': table(12, 8 * KB, 400),
  'public.drafts': table(null, 8 * KB),
  'public.bloated': table(12, 2 * GB),
  'public.locked': table(null, null, null),
};

const BEFORE = Object.keys(TABLES)
  .map((name) => `CREATE TABLE ${name} (id bigint PRIMARY KEY, name text, other_id bigint);`)
  .join('\n');

function options(tables = TABLES, live?: LiveSettings): AnalyseOptions {
  const facts = { tables: new Map(Object.entries(tables)) };
  return { rules, severities: {}, version: 18, facts, ...(live && { live }) };
}

/** What is found in the last of some files. */
function findings(files: string | readonly string[], given: AnalyseOptions = options()) {
  const scripts = [BEFORE, files].flat().map((sql, at) => parseScript(`${at}.sql`, sql));
  return lint(scripts, emptyCatalog(), given).at(-1)?.findings ?? [];
}

const index = (name: string): string => `CREATE INDEX ${name}_name ON ${name} (name);`;

describe('tiny tables', () => {
  test('soften a blocking finding, which says why', () => {
    expect(findings(index('countries'))).toMatchObject([
      {
        rule: 'create-index-blocking',
        severity: 'warning',
        message: expect.stringMatching(/ \(a warning here: public\.countries has 12 rows, 8 kB\)$/),
        facts: { relation: 'public.countries', rows: 12, bytes: 8 * KB, indexBytes: 8 * KB, writesPerSecond: 0 },
      },
    ]);
  });

  test.each([
    ['locked', 'whose size is not known'],
    ['drafts', 'that was never analysed'],
    ['bloated', 'with few rows in many pages'],
    ['orders', 'with many rows'],
    ['counters', 'that is written all the time'],
    ['elsewhere', 'that the server does not have'],
  ])('are not one like %s, %s', (name) => {
    expect(findings(index(name))).toMatchObject([{ rule: 'create-index-blocking', severity: 'error' }]);
  });

  test('one that was never analysed is told to be', () => {
    const [finding] = findings(index('drafts'));
    expect(finding?.message).toContain('public.drafts was never analysed, so its rows are not known');
  });

  test('both tables of a statement must be tiny', () => {
    const foreignKey = (from: string, to: string) =>
      findings(`ALTER TABLE ${from} ADD CONSTRAINT other FOREIGN KEY (other_id) REFERENCES ${to} (id);`).filter(
        ({ rule }) => rule === 'constraint-scan',
      );
    expect(foreignKey('countries', 'languages')).toMatchObject([{ severity: 'warning' }]);
    expect(foreignKey('countries', 'bloated')).toMatchObject([{ severity: 'error' }]);
    expect(foreignKey('bloated', 'countries')).toMatchObject([{ severity: 'error' }]);
    // The writes of the other table wait meanwhile.
    expect(foreignKey('countries', 'counters')).toMatchObject([{ severity: 'error' }]);
  });

  test('many tiny partitions are no tiny table', () => {
    const parts = Array.from({ length: 3 }, (_, at) => `events_${at}`);
    const tables = {
      'public.events': table(2_700, 24 * KB),
      ...Object.fromEntries(parts.map((name) => [`public.${name}`, table(900, 8 * KB)])),
    };
    const made = parts.map((name, at) => `CREATE TABLE ${name} PARTITION OF events FOR VALUES IN (${at});`);
    const sql = ['CREATE TABLE events (id bigint) PARTITION BY LIST (id);', ...made].join('\n');
    expect(findings([sql, 'CREATE INDEX ON events (id);'], options(tables))).toMatchObject([
      { severity: 'error', facts: { relation: 'public.events', rows: 2_700 } },
    ]);
  });

  test('thresholds are the team’s', () => {
    const strict = { ...DEFAULT_LIVE, tinyRows: 11 };
    expect(findings(index('countries'), options(TABLES, strict))).toMatchObject([{ severity: 'error' }]);
    const generous = { ...DEFAULT_LIVE, tinyBytes: 3 * GB };
    expect(findings(index('bloated'), options(TABLES, generous))).toMatchObject([{ severity: 'warning' }]);
  });

  test('findings that have nothing to do with size stay as they are', () => {
    const drop = 'DROP TABLE countries;';
    const without = findings(drop, { rules, severities: {}, version: 18 });
    expect(without.length).toBeGreaterThan(0);
    expect(findings(drop).filter(({ category }) => category === 'data-loss')).toEqual(
      without.filter(({ category }) => category === 'data-loss'),
    );
  });
});

describe('hot tables', () => {
  const drop = (name: string) => [index(name), `DROP INDEX ${name}_name;`];

  test('make a lock for a moment an error, with the figure', () => {
    expect(findings(drop('orders')).filter(({ rule }) => rule === 'drop-index-locks-table')).toMatchObject([
      {
        severity: 'error',
        message: expect.stringContaining('(an error here: public.orders takes 120 writes/s)'),
        facts: { writesPerSecond: 120 },
      },
    ]);
  });

  test('by the threshold of the team', () => {
    const calm = options(TABLES, { ...DEFAULT_LIVE, hotWritesPerSecond: 121 });
    expect(findings(drop('orders'), calm).filter(({ rule }) => rule === 'drop-index-locks-table')).toMatchObject([
      { severity: 'warning' },
    ]);
  });
});

describe('estimates', () => {
  const estimate = (sql: string) => findings(sql).map((finding) => finding.estimate)[0];

  test('a scan, with its basis in the message', () => {
    expect(findings('ALTER TABLE orders ALTER COLUMN name SET NOT NULL;')).toMatchObject([
      {
        rule: 'set-not-null-scan',
        severity: 'error',
        message: expect.stringMatching(/ \(3 to 12 min for 84 GB at 120 to 480 MB\/s\)$/),
        estimate: { seconds: [179, 717], basis: '84 GB at 120 to 480 MB/s' },
      },
    ]);
  });

  test('an index build, and two of them', () => {
    expect(estimate(index('orders'))?.basis).toBe('84 GB at 30 to 120 MB/s');
    expect(estimate('ALTER TABLE orders ADD UNIQUE (name), ADD UNIQUE (other_id);')?.basis).toBe(
      '168 GB at 30 to 120 MB/s',
    );
  });

  test('a rewrite writes the indexes too', () => {
    expect(estimate('ALTER TABLE orders ALTER COLUMN id TYPE text;')?.basis).toBe('168 GB at 20 to 80 MB/s');
  });

  test('none where the size is not known', () => {
    expect(findings(index('locked'))).toMatchObject([{ severity: 'error' }]);
    expect(estimate(index('locked'))).toBeUndefined();
  });

  test('a partitioned table counts the rows of its partitions once', () => {
    const parts = [
      'CREATE TABLE events (id bigint, day date) PARTITION BY RANGE (day);',
      "CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');",
      "CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');",
    ].join('\n');
    const tables = {
      'public.events': table(2_000_000, 2 * GB),
      'public.events_1': table(1_000_000, GB),
      'public.events_2': table(1_000_000, GB),
    };
    const found = findings([parts, 'CREATE INDEX ON events (id);'], options(tables));
    expect(found).toMatchObject([
      { estimate: { basis: '2 GB at 30 to 120 MB/s' }, facts: { relation: 'public.events', rows: 2_000_000 } },
    ]);
  });

  test('explain has facts and estimates of each relation; CONCURRENTLY reads twice', () => {
    const scripts = [BEFORE, 'CREATE INDEX CONCURRENTLY ON orders (name);'].map((sql, at) =>
      parseScript(`${at}.sql`, sql),
    );
    const live = analyse(scripts, emptyCatalog(), options()).at(-1)?.statements[0]?.live;
    expect(live?.get('public.orders')).toMatchObject({
      facts: { rows: 900_000_000 },
      estimate: { basis: '168 GB at 30 to 120 MB/s' },
    });
  });
});

describe('tables that change their names', () => {
  test('take their facts along', () => {
    expect(findings(['ALTER TABLE countries RENAME TO lands;', index('lands')])).toMatchObject([
      { severity: 'warning' },
    ]);
    expect(
      findings([
        'CREATE SCHEMA geo;\nALTER TABLE countries SET SCHEMA geo;',
        'CREATE INDEX countries_name ON geo.countries (name);',
      ]),
    ).toMatchObject([{ severity: 'warning' }]);
  });

  test('a big one under the name of a tiny one is big', () => {
    expect(
      findings([
        'ALTER TABLE countries RENAME TO old_countries;\nALTER TABLE orders RENAME TO countries;',
        index('countries'),
      ]),
    ).toMatchObject([{ severity: 'error', facts: { rows: 900_000_000 } }]);
  });

  test('where both names stand on the server, neither is known', () => {
    expect(findings(['ALTER TABLE orders RENAME TO countries;', index('countries')])).toMatchObject([
      { severity: 'error' },
    ]);
  });
});

describe('new tables beside the traffic that is there', () => {
  const declared = (rate: string): string =>
    `-- tiptoe:writes ${rate}: one row per invoice\nCREATE TABLE invoices (id bigint PRIMARY KEY, total numeric);`;
  const quieter = options({ 'public.orders': table(9, GB, 35), 'public.countries': table(9, GB, 2) });
  const heavy = (sql: string, given = quieter) =>
    findings(sql, given).filter(({ rule }) => rule === 'write-heavy-table');

  test('one that declares more than the busiest table has', () => {
    expect(heavy(declared('40/s'))).toMatchObject([
      {
        severity: 'warning',
        message: 'public.invoices declares 40/s; the busiest table here, public.orders, has 35/s',
      },
    ]);
    expect(heavy(declared('35/s'))).toEqual([]);
  });

  test('a budget that somebody agreed on comes first', () => {
    const newTables = { policy: 'detect' as const, schemas: [], tables: {} };
    const budget = (maxWritesPerSecond: number) => ({
      ...quieter,
      settings: { newTables: { ...newTables, maxWritesPerSecond } },
    });
    expect(heavy(declared('40/s'), budget(50))).toEqual([]);
    expect(heavy(declared('40/s'), budget(30))).toMatchObject([
      { severity: 'error', message: expect.stringContaining('budget of 30/s for a new table; the busiest table here') },
    ]);
  });

  test('one that looks write-heavy is told what is usual', () => {
    expect(
      heavy(
        'CREATE TABLE audit_events (id bigserial PRIMARY KEY, payload jsonb, created_at timestamptz DEFAULT now());',
      ),
    ).toMatchObject([{ message: expect.stringMatching(/; the busiest table here, public\.orders, has 35\/s$/) }]);
  });

  test('a server without traffic is no measure', () => {
    expect(heavy(declared('40/s'), options({ 'public.orders': table(9, GB, 0) }))).toEqual([]);
    expect(heavy(declared('40/s'), options({ 'public.orders': table(9, GB, null) }))).toEqual([]);
  });
});
