import { describe, expect, test } from 'vitest';
import {
  analyze,
  defineConfig,
  defineRule,
  explain,
  lint,
  type Migration,
  Problem,
  type RuleContext,
} from '../../src/library/index.ts';
import { testRule } from '../../src/library/testing.ts';
import wideIndex from '../../rules/wide-index.ts';

const INDEX = 'CREATE INDEX orders_total ON orders (total);';

describe('texts in, findings out', () => {
  test('lint answers the document of --format json', async () => {
    expect(await lint(INDEX, { pgVersion: 16 })).toMatchObject({
      version: 1,
      pgVersion: 16,
      files: [
        { path: 'migration.sql', findings: [{ rule: 'create-index-blocking', line: 1, relation: 'public.orders' }] },
      ],
      summary: { files: 1, errors: 1, warnings: 0, suppressed: 0 },
    });
  });

  test('files are one history, in the order given, that begins with a dump', async () => {
    const table = { path: 'b.sql', text: 'CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);' };
    const drop = { path: 'a.sql', text: 'ALTER TABLE orders DROP COLUMN total;' };
    const { files } = await lint([table, drop]);
    expect(files.map(({ path, findings }) => [path, findings.map(({ rule }) => rule)])).toEqual([
      ['b.sql', []],
      ['a.sql', ['drop-column']],
    ]);
    const { files: dumped } = await explain([drop], {
      schema: 'CREATE TABLE app.orders (total numeric);\nSET search_path = app;',
    });
    expect(dumped[0]?.statements[0]?.effects[0]?.lock).toBe('AccessExclusiveLock');
  });

  test('placeholders get their texts', async () => {
    const { files } = await explain('TRUNCATE :schema.orders;', { variables: { schema: 'app' } });
    expect(files[0]?.statements[0]?.effects[0]?.relation).toBe('app.orders');
  });

  test('analyze answers both, statement by statement', async () => {
    const sql = `SELECT 1;\n${INDEX}\n-- tiptoe-disable-next-statement drop-table: nobody reads it\nDROP TABLE orders;\n-- tiptoe-disable-file x: y`;
    const [file] = await analyze([{ path: '1.sql', text: sql }]);
    expect(file?.statements.map(({ kind, findings }) => [kind, findings.map(({ rule }) => rule)])).toEqual([
      ['Select', []],
      ['Index', ['create-index-blocking']],
      ['Drop', []],
    ]);
    expect(file?.findings.map(({ rule, line }) => [rule, line])).toEqual([
      ['create-index-blocking', 2],
      ['unknown-suppression', 5],
    ]);
    expect(file?.suppressed).toMatchObject([{ finding: { rule: 'drop-table', line: 4 }, reason: 'nobody reads it' }]);
  });

  test('rules are set as in the config', async () => {
    const { files } = await lint(INDEX, { rules: { 'create-index-blocking': 'warning' } });
    expect(files[0]?.findings).toMatchObject([{ severity: 'warning' }]);
    const wide = 'CREATE TABLE t (id bigint PRIMARY KEY, a int, b int);';
    const found = await lint(wide, { rules: { 'wide-table': ['error', { columns: 2 }] } });
    expect(found.files[0]?.findings).toMatchObject([{ rule: 'wide-table', severity: 'error' }]);
    const styled = await lint('CREATE TABLE t (id bigint PRIMARY KEY, a char(3));', { extends: ['style'] });
    expect(styled.files[0]?.findings).toMatchObject([{ rule: 'char-column' }]);
  });

  test.each([
    [{ pgVersion: 12 }, 'pgVersion is a whole number from 13 to 18, not 12.'],
    [{ rules: { nothing: 'off' } }, "there is no rule 'nothing'."],
    [{ rules: { 'wide-table': ['error', { rows: 2 }] } }, "the rule wide-table has no option 'rows'."],
  ] as const)('refuses what cannot be meant: %j', async (options, says) => {
    await expect(lint(INDEX, options)).rejects.toThrow(says);
  });

  test.each([
    ['null', '{}', 'migrations are a text, or a list of { path, text }.'],
    ['[{ "path": "1.sql", "sql": "" }]', '{}', 'migrations are a text, or a list of { path, text }.'],
    ['""', '{ "baseline": "x.json" }', "there is no option 'baseline'; there are pgVersion, "],
  ])('refuses what is nothing of the kind: %s %s', async (migrations, options, says) => {
    await expect(lint(JSON.parse(migrations) as string, JSON.parse(options) as object)).rejects.toThrow(says);
  });

  test('a config is what it was', () => {
    const config = { pgVersion: 16, rules: ['./my-rule.ts', { 'wide-table': 'off' }] } as const;
    expect(defineConfig(config)).toBe(config);
  });
});

const noTruncate = defineRule({
  name: 'no-truncate',
  category: 'policy',
  severity: 'error',
  docs: { what: 'TRUNCATE of a table of ours.', why: 'It cannot be undone.', instead: 'Delete in batches.' },
  options: { allowed: { type: 'strings', default: [], description: 'Tables that may be emptied.' } },
  on: ['truncate'],
  check: ({ effects, options }) => {
    const relations = effects.relations
      .map(({ relation }) => relation)
      .filter((name) => !options.allowed.includes(name));
    if (relations.length === 0) return null;
    return { relations, message: `${relations.join(', ')} is emptied`, why: 'Gone.', instead: 'Delete in batches.' };
  },
});

describe('facts of a server', () => {
  const facts = {
    format: 'tiptoe-facts',
    version: 1,
    takenAt: '2026-01-02T03:04:05Z',
    pgVersion: 15,
    writesSince: null,
    unseen: [],
    schema: {
      searchPath: ['public'],
      timeZone: 'UTC',
      definitions: ['CREATE TABLE public.orders (id bigint, total numeric)', 'CREATE TABLE public.flags (name text)'],
    },
    tables: [
      {
        table: 'public.orders',
        kind: 'table',
        partitionOf: null,
        rows: 9e8,
        bytes: 84e9,
        heapBytes: 84e9,
        indexBytes: 20e9,
        writesPerSecond: 900,
      },
      {
        table: 'public.flags',
        kind: 'table',
        partitionOf: null,
        rows: 12,
        bytes: 8192,
        heapBytes: 8192,
        indexBytes: 0,
        writesPerSecond: 0,
      },
    ],
  };
  const sql = 'CREATE INDEX ON orders (total);\nCREATE INDEX ON flags (name);';

  test.each([
    ['as text', JSON.stringify(facts)],
    ['parsed', facts],
  ])('%s soften what is tiny, and estimate the rest', async (_, given) => {
    const document = await lint(sql, { facts: given });
    expect(document).toMatchObject({ pgVersion: 15, facts: { source: 'given', takenAt: facts.takenAt } });
    expect(document.files[0]?.findings).toMatchObject([
      { severity: 'error', estimate: { basis: '78 GB at 30 to 120 MB/s' }, facts: { rows: 9e8, writesPerSecond: 900 } },
      { severity: 'warning', message: expect.stringContaining('public.flags has 12 rows, 8 kB') },
    ]);
    const explained = await explain(sql, { facts: given, pgVersion: 17 });
    expect(explained).toMatchObject({ pgVersion: 17, facts: { takenAt: facts.takenAt } });
    expect(explained.files[0]?.statements[0]?.effects[0]).toMatchObject({
      relation: 'public.orders',
      facts: { rows: 9e8 },
    });
    const [analysis] = await analyze('ALTER TABLE orders DROP COLUMN totl;', { facts: given });
    expect(analysis?.statements[0]?.effects).toHaveLength(1);
  });

  test.each([
    ['', 'the facts given are empty.'],
    ['{"format":', 'the facts given are cut off: '],
    [{}, 'given holds no facts of tiptoe snapshot.'],
    [{ ...facts, version: 99 }, 'the facts given are of version 99, and this tiptoe reads version 1.'],
    [{ ...facts, tables: [{ table: 3 }] }, 'the facts given are broken: tables.0.'],
  ])('that are none are told: %j', async (given, says) => {
    await expect(lint(sql, { facts: given })).rejects.toThrow(says);
  });

  test('are not given beside a dump', async () => {
    await expect(lint(sql, { facts, schema: '' })).rejects.toThrow('schema and facts both say what is there');
  });
});

describe('the tool that runs the migrations', () => {
  const goose = {
    path: 'db/2_b.sql',
    text: '-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY a ON b (c);\n-- +goose Down\nDROP TABLE b;',
  };
  const rulesOf = async (files: readonly Migration[], framework?: string): Promise<Record<string, string[]>> => {
    const document = await lint(files, framework === undefined ? {} : { framework });
    return Object.fromEntries(document.files.map(({ path, findings }) => [path, findings.map(({ rule }) => rule)]));
  };

  test('decides about transactions and down parts', async () => {
    const inTransaction = { ...goose, path: 'db/3_c.sql', text: goose.text.replace(/.*\n/, '') };
    const found = await rulesOf([goose, inTransaction], 'goose');
    expect(found['db/2_b.sql']).toEqual([]);
    expect(found['db/3_c.sql']).toEqual(['concurrently-in-transaction']);
    expect((await analyze([goose], { framework: 'goose' }))[0]).toMatchObject({ transaction: 'none' });
    expect((await analyze([inTransaction], { framework: 'goose' }))[0]).toMatchObject({ transaction: 'file' });
  });

  test('is found by the texts or the paths, when asked for', async () => {
    expect(await rulesOf([{ ...goose, path: '2_b.sql' }], 'auto')).toEqual({ '2_b.sql': [] });
    const up = { path: './migrations/1_a.up.sql', text: 'CREATE TABLE a (id bigint PRIMARY KEY);' };
    const down = { path: './migrations/1_a.down.sql', text: 'DROP TABLE a;' };
    expect(await rulesOf([up, down], 'golang-migrate')).toEqual({ [up.path]: [] });
    const prisma = [
      { path: 'prisma/migrations/migration_lock.toml', text: 'provider = "postgresql"' },
      { path: 'prisma/migrations/20260101000000_a/migration.sql', text: 'CREATE INDEX CONCURRENTLY a ON b (c);' },
    ];
    const { files } = await lint(prisma.slice(1), { framework: 'prisma' });
    expect(files.map(({ path }) => path)).toEqual([prisma[1]?.path]);
  });

  test('without one, files run as our own runner runs them, in the order given', async () => {
    const files = [
      { path: '2.sql', text: 'CREATE TABLE a (id bigint PRIMARY KEY);' },
      { path: '1.sql', text: 'ALTER TABLE a DROP COLUMN id;' },
    ];
    for (const framework of [undefined, 'none', 'auto', 'flyway'])
      expect(Object.keys(await rulesOf(files, framework))).toEqual(['2.sql', '1.sql']);
  });

  test('that is not known is told', async () => {
    await expect(lint([goose], { framework: 'gose' })).rejects.toThrow("there is no framework 'gose'");
  });
});

describe('rules of one’s own', () => {
  test('look beside those of tiptoe', async () => {
    const { files } = await lint('TRUNCATE orders;', { ownRules: [noTruncate] });
    expect(files[0]?.findings.map(({ rule }) => rule)).toContain('no-truncate');
  });

  test('may not take a name that there is, and must be rules', async () => {
    const taken = { ...noTruncate, name: 'drop-table' };
    await expect(lint('', { ownRules: [taken] })).rejects.toThrow("there is a rule 'drop-table' already");
    const broken = JSON.parse('{ "name": "No Truncate", "on": ["trunkate"], "severity": "warn" }') as typeof taken;
    await expect(lint('', { ownRules: [broken] })).rejects.toThrow(
      /name must be in kebab-case.*category must be.*severity must be.*docs\.what.*no kind of statement 'trunkate'.*check must be/s,
    );
  });

  test.each([
    [
      'throws',
      (): null => {
        throw new TypeError('x is not a function');
      },
      'TypeError: x is not a function',
    ],
    ['answers what is no finding', (): never => ({ message: 3 }) as never, 'it answered neither null nor'],
    [
      'makes up a severity',
      (): never => ({ relations: [], message: 'a', why: 'b', instead: 'c', severity: 'fatal' }) as never,
      'it answered neither null nor',
    ],
    [
      'changes the statement',
      ({ action }: RuleContext): null => {
        Object.assign(action, { kind: 'drop-relation' });
        return null;
      },
      "TypeError: Cannot assign to read only property 'kind'",
    ],
    [
      'takes away what other rules look at',
      ({ file }: RuleContext): null => {
        (file.actions as unknown[]).pop();
        return null;
      },
      'TypeError: Cannot delete property',
    ],
    [
      'answers what throws',
      (): never =>
        ({
          get message(): string {
            throw new Error('not now');
          },
        }) as never,
      'Error: not now',
    ],
  ])('one that %s is told by its name, and where', async (_, check, says) => {
    const judged = lint('SELECT 1;\n\nTRUNCATE orders;', { ownRules: [{ ...noTruncate, severity: 'warning', check }] });
    await expect(judged).rejects.toThrow(Problem);
    await expect(judged).rejects.toThrow(`the rule no-truncate (ownRules) failed at migration.sql:3: ${says}`);
  });

  test('one that answers nothing at all finds nothing', async () => {
    const nothing: unknown = undefined;
    const { files } = await lint('TRUNCATE orders;', { ownRules: [{ ...noTruncate, check: () => nothing as null }] });
    expect(files[0]?.findings.map(({ rule }) => rule)).toEqual(['truncate-table']);
  });
});

describe('testRule', () => {
  test('takes what is as expected', async () => {
    const tried = testRule(noTruncate, {
      valid: ['DROP TABLE orders;', { sql: 'TRUNCATE orders;', options: { allowed: ['public.orders'] } }],
      invalid: [
        {
          before: 'CREATE TABLE app.orders ();',
          sql: 'SELECT 1;\n  TRUNCATE app.orders;',
          findings: [
            { message: /^app\.orders/, line: 2, column: 3, endLine: 2, endColumn: 22, relation: 'app.orders' },
          ],
        },
        {
          sql: 'TRUNCATE a;\nTRUNCATE b;',
          findings: ['public.a is emptied', { message: 'b', line: 2, severity: 'error' }],
        },
      ],
    });
    await expect(tried).resolves.toBeUndefined();
  });

  test('takes the rules of tiptoe, with their examples', async () => {
    await expect(testRule(wideIndex)).resolves.toBeUndefined();
  });

  test('tells all that differs', async () => {
    const tried = testRule(noTruncate, {
      valid: ['TRUNCATE orders;', 'TRUNCAT orders;'],
      invalid: [
        { sql: 'DROP TABLE orders;', findings: [{ line: 1 }] },
        { sql: 'TRUNCATE orders;', findings: [{ line: 2, column: 1, message: 'customers' }] },
      ],
    });
    await expect(tried).rejects.toThrow(
      [
        'no-truncate:',
        'valid: TRUNCATE orders;',
        '  not expected: 1:1-1:16 public.orders is emptied',
        'valid: TRUNCAT orders;',
        '  not expected: 1:1-1:8 syntax error at or near "TRUNCAT"',
        'invalid: DROP TABLE orders;',
        '  expected, but not found: {"line":1}',
        'invalid: TRUNCATE orders;',
        '  expected a message with "customers", found 1:1-1:16 public.orders is emptied',
        '  expected line 2, found 1 in 1:1-1:16 public.orders is emptied',
      ].join('\n'),
    );
  });

  test('refuses to prove nothing', async () => {
    await expect(testRule(noTruncate)).rejects.toThrow('no-truncate is tried on nothing');
  });
});
