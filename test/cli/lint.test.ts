import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runTiptoe } from '../support/cli.ts';

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'tiptoe-lint-'));
  await mkdir(join(cwd, 'migrations'));
  await writeFile(
    join(cwd, 'migrations/001_orders.sql'),
    'CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);\n',
  );
  await writeFile(
    join(cwd, 'migrations/002_index.sql'),
    '-- a comment\nCREATE INDEX orders_total ON orders (total);\n',
  );
});

afterEach(() => rm(cwd, { recursive: true }));

describe('lint', () => {
  test('finds the migrations by itself, and its exit code tells', async () => {
    const { code, stdout, stderr } = await runTiptoe(['lint'], { cwd });
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toContain('migrations/002_index.sql:2:1  error  create-index-blocking');
    expect(stdout).toContain('✗ 1 error in 2 files');
  });

  test('the JSON document is the one that is promised', async () => {
    const { stdout } = await runTiptoe(['lint', '--format', 'json'], { cwd });
    expect(JSON.parse(stdout)).toEqual({
      version: 1,
      pgVersion: 18,
      files: [
        { path: 'migrations/001_orders.sql', findings: [] },
        {
          path: 'migrations/002_index.sql',
          findings: [
            {
              rule: 'create-index-blocking',
              category: 'blocking',
              severity: 'error',
              line: 2,
              column: 1,
              endLine: 2,
              endColumn: 44,
              statement: 0,
              relation: 'public.orders',
              relations: ['public.orders'],
              message: expect.stringContaining('public.orders'),
              why: expect.any(String),
              instead: expect.stringContaining('CONCURRENTLY'),
            },
          ],
        },
      ],
      summary: { files: 2, errors: 1, warnings: 0, suppressed: 0 },
    });
  });

  test('reads standard input, fills in variables, and obeys --fail-on', async () => {
    const input = 'CREATE INDEX ON :S.orders (total);';
    const found = await runTiptoe(['lint', '-', '--var', 'S=app', '--format', 'json'], { cwd, input });
    expect(found.code).toBe(1);
    expect(found.stdout).toContain('"relation":"app.orders"');
    expect((await runTiptoe(['lint', '-', '--var', 'S=app', '--fail-on', 'never'], { cwd, input })).code).toBe(0);
  });

  test('--verbose tells what was suppressed and why, and the cause of an error', async () => {
    const sql =
      '-- tiptoe-disable-next-statement create-index-blocking: two hundred rows\nCREATE INDEX ON orders (total);\n';
    await writeFile(join(cwd, 'migrations/002_index.sql'), sql);
    expect((await runTiptoe(['lint'], { cwd })).stdout).not.toContain('two hundred rows');
    const { stdout } = await runTiptoe(['lint', '--verbose'], { cwd });
    expect(stdout).toContain('migrations/002_index.sql:2:1  suppressed  create-index-blocking: two hundred rows');
    const { stderr } = await runTiptoe(['lint', '--verbose', '--config', 'none.json'], { cwd });
    expect(stderr).toContain('Cause: Error: ENOENT');
  });

  test('the config sets severities, the version and the folder', async () => {
    await writeFile(
      join(cwd, 'tiptoe.config.json'),
      JSON.stringify({ pgVersion: 16, dir: 'migrations', rules: { 'create-index-blocking': 'warning' } }),
    );
    const { code, stdout } = await runTiptoe(['lint', '--format', 'json'], { cwd });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ pgVersion: 16, summary: { errors: 0, warnings: 1 } });
    expect((await runTiptoe(['lint', '--fail-on', 'warning'], { cwd })).code).toBe(1);
  });

  test('explain tells locks, scans and who is blocked', async () => {
    const { code, stdout } = await runTiptoe(['explain', '--format', 'json'], { cwd });
    expect(code).toBe(0);
    expect(JSON.parse(stdout).files[1]).toEqual({
      path: 'migrations/002_index.sql',
      transaction: 'file',
      statements: [
        {
          index: 0,
          line: 2,
          endLine: 2,
          kind: 'Index',
          effects: [
            {
              relation: 'public.orders',
              lock: 'ShareLock',
              rewrite: false,
              scan: true,
              indexBuild: true,
              rows: false,
              preexisting: true,
              online: false,
              because: expect.any(String),
            },
          ],
        },
      ],
    });
    const pretty = await runTiptoe(['explain'], { cwd });
    expect(pretty.stdout).toContain('public.orders  ShareLock  grows with the table: builds an index  blocks writes');
  });
});

describe('bad input is told in one line, with what to do', () => {
  async function expectRefused(args: string[], expected: { code?: number; says: RegExp }): Promise<void> {
    const { code, stdout, stderr } = await runTiptoe(args, { cwd });
    expect({ code, stdout }).toEqual({ code: expected.code ?? 2, stdout: '' });
    expect(stderr).toMatch(expected.says);
    expect(stderr).toMatch(/^tiptoe: [^\n]+\n(?:[^\n]+\n){0,2}$/);
  }

  test('no such file', () => expectRefused(['lint', 'nope.sql'], { says: /nope\.sql/ }));

  test('an empty folder', async () => {
    await mkdir(join(cwd, 'empty'));
    await expectRefused(['lint', 'empty'], { says: /empty/ });
  });

  test('a binary file', async () => {
    await writeFile(join(cwd, 'logo.sql'), Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0xfe, 0x00, 0x80]));
    await expectRefused(['lint', 'logo.sql'], { says: /logo\.sql/ });
  });

  test('an unreadable config', async () => {
    await writeFile(join(cwd, 'tiptoe.config.json'), '{ rules: ');
    await expectRefused(['lint'], { says: /tiptoe\.config\.json is not JSON/ });
    await expectRefused(['lint', '--config', 'none.json'], { says: /none\.json/ });
  });

  test('the config decides about new tables', async () => {
    await writeFile(join(cwd, 'tiptoe.config.json'), JSON.stringify({ newTables: { maxWritesPerSecond: 50 } }));
    await writeFile(join(cwd, 'hits.sql'), '-- tiptoe:writes 80/s: one row a hit\nCREATE TABLE hits (id bigint);');
    const { code, stdout } = await runTiptoe(['lint', 'hits.sql'], { cwd });
    expect(code).toBe(1);
    expect(stdout).toContain('public.hits declares 80/s, over the budget of 50/s for a new table');
  });

  test('unknown rules and settings in the config, all of them at once', async () => {
    await writeFile(
      join(cwd, 'tiptoe.config.json'),
      JSON.stringify({
        rules: { 'create-index-bloking': 'error', 'table-rewrite': 'loud' },
        pgVersoin: 15,
        newTables: { policy: 'forbit', schemes: [], tables: { orders: { maxWritesPerSecond: '9/s' } } },
      }),
    );
    const { code, stderr } = await runTiptoe(['lint'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain("there is no rule 'create-index-bloking', did you mean 'create-index-blocking'?");
    expect(stderr).toContain('rules.table-rewrite: must be "off", "warning" or "error"');
    expect(stderr).toContain("there is no setting 'pgVersoin', did you mean 'pgVersion'?");
    expect(stderr).toContain('newTables.policy: must be "detect", "declare", "forbid" or "allow"');
    expect(stderr).toContain("there is no setting 'newTables.schemes', did you mean 'schemas'?");
    expect(stderr).toContain('newTables.tables.orders.maxWritesPerSecond: ');
  });

  test('unknown commands, options, values and rules', async () => {
    await expectRefused(['lnit'], { says: /unknown command 'lnit'[\s\S]*lint/ });
    await expectRefused(['lint', '--fromat', 'json'], { says: /unknown option '--fromat'[\s\S]*--format/ });
    await expectRefused(['lint', '--format', 'xml'], { says: /'xml'[\s\S]*pretty, json/ });
    await expectRefused(['lint', '--pg-version', '9'], { says: /13 to 18/ });
    await expectRefused(['lint', '--var', 'x'], { says: /NAME=VALUE/ });
    await expectRefused(['rules', 'create-index'], { says: /no rule 'create-index'/ });
  });
});
