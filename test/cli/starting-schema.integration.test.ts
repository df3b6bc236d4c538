import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runTiptoe } from '../support/cli.ts';
import { testDatabase } from '../support/database.ts';

const database = testDatabase();
let cwd: string;

const SCHEMA = `
CREATE TABLE orders (id bigint PRIMARY KEY, code varchar(10), total numeric);
ALTER TABLE orders ADD CONSTRAINT total_given CHECK (total IS NOT NULL);
`;
/** Neither reads a row, which only who knows the schema can say. */
const MIGRATION =
  'ALTER TABLE orders ALTER COLUMN code TYPE varchar(20);\nALTER TABLE orders ALTER COLUMN total SET NOT NULL;\n';

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'tiptoe-schema-'));
  await writeFile(
    join(cwd, 'schema.sql'),
    `\\restrict abc\nSELECT pg_catalog.set_config('search_path', '', false);\n${SCHEMA}`,
  );
  await writeFile(join(cwd, '002_widen.sql'), MIGRATION);
  await (await database.session()).exec(SCHEMA);
});

afterAll(() => rm(cwd, { recursive: true }));

const lint = (...args: string[]) => runTiptoe(['lint', '002_widen.sql', ...args], { cwd });

describe('what is there before the first file', () => {
  test('nothing, then the risky case is assumed', async () => {
    const { code, stdout } = await lint();
    expect(code).toBe(1);
    expect(stdout).toContain('2 errors');
  });

  test('a dump', async () => {
    const { code, stderr } = await lint('--schema', 'schema.sql');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('a live server, whose version counts too', async () => {
    const { code, stdout, stderr } = await lint('--database-url', database.ownerUrl, '--format', 'json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const explained = await runTiptoe(['explain', '002_widen.sql', '--database-url', database.ownerUrl], { cwd });
    expect(explained.stdout).toContain('the valid constraint total_given proves it');
    expect(JSON.parse(stdout)).toMatchObject({ summary: { errors: 0 } });
  });
});

describe('bad input is told in one line, with what to do', () => {
  test('a dump that is not there, in another format, or not readable in parts', async () => {
    await writeFile(join(cwd, 'custom.dump'), 'PGDMP\u0001\u000e');
    await writeFile(join(cwd, 'broken.sql'), `${SCHEMA}\nCREATE TABEL x;\nCREATE TABEL y;\n`);
    expect(await lint('--schema', 'none.sql')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no such file'),
    });
    expect(await lint('--schema', 'custom.dump')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('pg_restore --schema-only'),
    });
    const { code, stderr } = await lint('--schema', 'broken.sql');
    expect(code).toBe(0);
    expect(stderr).toBe(
      'tiptoe: broken.sql:5: syntax error at or near "TABEL", and 1 more like it; what it makes is not known.\n',
    );
  });

  test('a server that is not there; both at once', async () => {
    const { code, stderr } = await lint('--database-url', 'postgres://127.0.0.1:1/x');
    expect(code).toBe(2);
    expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
    expect(await lint('--schema', 'schema.sql', '--database-url', database.ownerUrl)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Give one of them'),
    });
  });
});
