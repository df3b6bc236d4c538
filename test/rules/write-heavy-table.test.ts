import { beforeAll, describe, expect, test } from 'vitest';
import { rules } from '../../rules/index.ts';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { analyse } from '../../src/lint/engine.ts';
import { DEFAULT_SETTINGS, type NewTables } from '../../src/lint/settings.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';
import { NEW_TABLES } from './new-tables.ts';

beforeAll(loadParser);

/** What write-heavy-table says of a history, under some policy. */
function messages(sql: string | readonly string[], newTables: Partial<NewTables> = {}): string[] {
  const scripts = [sql].flat().map((text, index) => parseScript(`${index + 1}.sql`, text));
  return analyse(scripts, emptyCatalog(), {
    rules: rules.filter(({ name }) => name === 'write-heavy-table'),
    severities: {},
    version: 18,
    settings: { newTables: { ...DEFAULT_SETTINGS.newTables, ...newTables } },
  }).flatMap(({ findings }) =>
    findings.filter(({ rule }) => rule === 'write-heavy-table').map(({ message }) => message),
  );
}

/** They are heavy, and nothing in their shape says so clearly enough. */
const MISSED = ['user_visits', 'email_logs', 'channelmemberhistory'];

test('tables of real products: of what is found all is write-heavy, and 35 of 38 are found', () => {
  const found = NEW_TABLES.filter(({ sql }) => messages(sql).length > 0);
  const heavy = NEW_TABLES.filter((table) => table.heavy);
  const name = ({ sql }: { sql: string }): string => /TABLE ([\w."]+)/.exec(sql)?.[1] ?? sql;
  expect({
    tables: NEW_TABLES.length,
    heavy: heavy.length,
    falselyFound: found.filter((table) => !table.heavy).map(name),
    missed: heavy.filter((table) => !found.includes(table)).map(name),
  }).toEqual({ tables: 88, heavy: 38, falselyFound: [], missed: MISSED });
});

const EVENTS =
  'CREATE TABLE audit_events (id bigserial PRIMARY KEY, payload jsonb, created_at timestamptz DEFAULT now());';
const COUNTRIES = 'CREATE TABLE countries (code text PRIMARY KEY, name text);';

test('each sign is told with its weight', () => {
  expect(messages(EVENTS)).toEqual([
    'public.audit_events looks write-heavy: its name (2), a key and a time of creation, and none of a change (2), a JSON payload (1); together 5, from 4 on it needs a decision',
  ]);
});

test('indexes count that the file builds later, and unique constraints', () => {
  const orders =
    'CREATE TABLE orders (id bigserial PRIMARY KEY, sku text UNIQUE, a int, b int, created_at timestamptz)';
  const [message] = messages(
    `${orders} PARTITION BY HASH (id);\nCREATE INDEX ON orders (a);\nCREATE INDEX ON orders (b);\nCREATE INDEX ON other (b);\nALTER TABLE orders ADD UNIQUE (a, b);`,
  );
  expect(message).toContain('4 indexes that each write changes (1)');
  expect(messages(`${orders};\nCREATE INDEX ON orders (a);\nCREATE INDEX ON orders (b);`)).toEqual([]);
});

test('a dump adds keys and defaults after the table', () => {
  const dump = `CREATE TABLE public.audit_log (id bigint NOT NULL, action text, created_at timestamptz NOT NULL);
ALTER TABLE ONLY public.audit_log ALTER COLUMN id SET DEFAULT nextval('public.audit_log_id_seq'::regclass);
ALTER TABLE ONLY public.audit_log ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);`;
  expect(messages(dump)).toHaveLength(1);
});

describe('-- tiptoe:writes', () => {
  const budget = { maxWritesPerSecond: 50 };

  test.each(['40/s', '50/s', '3000/min', '180000/h', '4320000/day', '0.5/s', '40 / s'])('%s is within 50/s', (rate) => {
    expect(messages(`-- tiptoe:writes ${rate}: one row per invoice\n${EVENTS}`, budget)).toEqual([]);
  });

  test.each([
    ['51/s', '51/s'],
    ['6000/min', '6000/min, which is 100/s'],
    ['5000000/d', '5000000/d, which is 57.9/s'],
  ])('%s is over 50/s, also where the table looks harmless', (rate, shown) => {
    const message = `declares ${shown}, over the budget of 50/s for a new table`;
    expect(messages(`-- tiptoe:writes ${rate}: imports\n${EVENTS}`, budget)).toEqual([
      `public.audit_events ${message}`,
    ]);
    expect(messages(`-- tiptoe:writes ${rate}: imports\n${COUNTRIES}`, budget)).toEqual([
      `public.countries ${message}`,
    ]);
  });

  test.each([
    ['lots', "'lots' is no rate"],
    ['lots: of them', "'lots' is no rate"],
    ['40: per second', "'40' is no rate"],
    ['40/fortnight: rarely', "'40/fortnight' is no rate"],
    ['-4/s: undone', "'-4/s' is no rate"],
    [': because', 'no rate is given'],
    ['40/s', 'no reason is given'],
    ['40/s:', 'no reason is given'],
    ['public.audit_evnts 40/s: typo', 'no table audit_evnts is created in this file'],
  ])('%s: %s', (text, problem) => {
    expect(messages(`-- tiptoe:writes ${text}\n${EVENTS}`)).toEqual([
      `the write rate declared for public.audit_events cannot be read: ${problem}`,
    ]);
  });

  test('belongs to the next CREATE TABLE, whatever stands between', () => {
    const sql = `-- tiptoe:writes 2/s: few\nCREATE TYPE kind AS ENUM ('a');\n${COUNTRIES}\n${EVENTS}`;
    expect(messages(sql)).toHaveLength(1);
    expect(messages(sql.replace(COUNTRIES, ''))).toEqual([]);
  });

  test('may name its table, from anywhere in the file', () => {
    const other = EVENTS.replace('audit_events', '"Audit Log"');
    expect(
      messages(
        `${EVENTS}\n${other}\n-- tiptoe:writes audit_events 2/s: few\n-- tiptoe:writes public."Audit Log" 1/s: few`,
      ),
    ).toEqual([]);
    expect(messages(`-- tiptoe:writes app.audit_events 2/s: few\n${EVENTS}`)).toHaveLength(1);
  });

  test('two that differ are none', () => {
    expect(messages(`-- tiptoe:writes 2/s: few\n-- tiptoe:writes audit_events 3/s: more\n${EVENTS}`)).toEqual([
      "the write rate declared for public.audit_events cannot be read: '2/s' and '3/s' contradict each other",
    ]);
  });

  test('of one table has a budget of its own', () => {
    const tables = { 'public.audit_events': { maxWritesPerSecond: 500 } };
    expect(messages(`-- tiptoe:writes 400/s: agreed\n${EVENTS}`, { ...budget, tables })).toEqual([]);
    expect(messages(`-- tiptoe:writes 501/s: agreed\n${EVENTS}`, { ...budget, tables })[0]).toContain(
      '501/s, over the budget of 500/s',
    );
  });
});

describe('newTables.policy', () => {
  test('declare wants a rate for every new table', () => {
    expect(messages(COUNTRIES, { policy: 'declare' })).toEqual([
      'public.countries declares no write rate, and newTables.policy in the config wants one for every new table',
    ]);
    expect(messages(`-- tiptoe:writes 1/day: by hand\n${COUNTRIES}`, { policy: 'declare' })).toEqual([]);
    expect(messages('CREATE TABLE copy AS SELECT 1;', { policy: 'declare' })).toHaveLength(1);
  });

  test('forbid allows none but listed schemas and tables', () => {
    const forbid = { policy: 'forbid', schemas: ['scratch'], tables: { countries: { policy: 'allow' } } } as const;
    const orders = 'CREATE TABLE orders (id int PRIMARY KEY);';
    expect(messages(`-- tiptoe:writes 1/s: few\n${orders}`, forbid)).toEqual([
      'public.orders is a new table, and newTables.policy in the config forbids them',
    ]);
    expect(messages(COUNTRIES, forbid)).toEqual([]);
    expect(messages(`CREATE SCHEMA scratch;\nSET search_path = scratch;\n${orders}`, forbid)).toEqual([]);
    expect(messages(`SET search_path = scratch;\n${EVENTS}`, forbid)[0]).toContain('looks write-heavy');
  });

  test('allow asks nothing, and still compares what is declared with the budget', () => {
    expect(messages(EVENTS, { policy: 'allow' })).toEqual([]);
    expect(messages(`-- tiptoe:writes 9/s: few\n${EVENTS}`, { policy: 'allow', maxWritesPerSecond: 5 })).toHaveLength(
      1,
    );
  });

  test('a table that exists, a temporary one, a partition and a foreign one are no new tables', () => {
    const quiet = [
      EVENTS,
      EVENTS.replace('TABLE', 'TABLE IF NOT EXISTS'),
      'CREATE TEMP TABLE t (a int);',
      'CREATE TABLE p PARTITION OF audit_events FOR VALUES IN (1);',
      'CREATE FOREIGN TABLE f (a int) SERVER s;',
      'CREATE MATERIALIZED VIEW v AS SELECT 1;',
    ];
    expect(messages(quiet, { policy: 'forbid' })).toHaveLength(1);
  });
});

test('hundreds of tables and directives in one file take no longer than they are many', () => {
  const tables = Array.from(
    { length: 300 },
    (_, index) => `-- tiptoe:writes 1/s: few\n${EVENTS.replace('audit_events', `events_${index}`)}`,
  );
  expect(messages(tables.join('\n'), { policy: 'declare' })).toEqual([]);
});
