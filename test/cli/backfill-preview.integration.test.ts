import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runTiptoe, type TiptoeResult } from '../support/cli.ts';
import { testDatabase } from '../support/database.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const db = testDatabase();
const folder = ownTemporaryDirectory();

const backfill = (...args: string[]): Promise<TiptoeResult> =>
  runTiptoe(['backfill', ...args], { cwd: folder.path, env: { DATABASE_URL: db.ownerUrl } });

test('--dry-run shows a batch with its plan and writes nothing; status --sql shows it for one that is known', async () => {
  const session = await db.session();
  await session.exec(
    'CREATE TABLE items (id int PRIMARY KEY, a int, b int); INSERT INTO items SELECT i FROM generate_series(1, 5000) i',
  );
  const path = '001_items.backfill.sql';
  await writeFile(join(folder.path, path), '-- all of them\nUPDATE items AS i SET a = 1 WHERE a IS NULL OR b > 0;\n');
  const { code, stdout, stderr } = await backfill('run', path, '--dry-run');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const sql =
    'UPDATE items AS i SET a = 1 WHERE (a IS NULL OR b > 0) AND (i.id > $1::pg_catalog.int4 AND i.id <= $2::pg_catalog.int4)';
  expect(stdout.split('\n').slice(0, 5)).toEqual([
    '-- 001_items: public.items by (id), 5,000 keys; rate none, max-wal none, batch-time 250ms, batch-size 1000, max-batch-size 20000, max-lag 5s, max-passes 3',
    `-- A batch of 1,000 keys, with $1 = '1000', $2 = '2000':`,
    `${sql};`,
    '',
    expect.stringMatching(/^-- Update on items i /) as unknown,
  ]);
  expect(stdout.trimEnd().split('\n').at(-1)).toBe('-- Nothing was written.');
  expect(JSON.parse((await backfill('run', path, '--dry-run', '--format', 'json')).stdout)).toMatchObject({
    version: 1,
    dryRun: true,
    name: '001_items',
    problem: null,
    batch: { sql, parameters: ['1000', '2000'], keys: 1000 },
  });
  expect(await session.query(`SELECT FROM pg_namespace WHERE nspname = 'tiptoe'`)).toEqual([]);
  expect(await session.query('SELECT FROM items WHERE a IS NOT NULL')).toEqual([]);

  expect(await backfill('run', path, '--quiet')).toMatchObject({ code: 0 });
  expect(await backfill('status', '001_items', '--sql')).toEqual({
    code: 0,
    stdout: `-- A batch of 1,000 keys, with $1 = '1000', $2 = '2000':\n${sql};\n`,
    stderr: '',
  });
  expect(JSON.parse((await backfill('status', '001_items', '--sql', '--format', 'json')).stdout)).toEqual({
    version: 1,
    name: '001_items',
    sql,
    parameters: ['1000', '2000'],
  });
});

test('--dry-run ends with the reason why a real run would be refused', async () => {
  const session = await db.session();
  await session.exec(`
    CREATE TABLE twins AS SELECT i AS id, i / 2 AS email, repeat('x', 150) AS pad FROM generate_series(1, 120000) i;
    ALTER TABLE twins ADD PRIMARY KEY (id)`);
  await session.exec('ANALYZE twins');
  const path = '002_twins.backfill.sql';
  await writeFile(
    join(folder.path, path),
    'DELETE FROM twins USING twins o WHERE o.email = twins.email AND o.id < twins.id',
  );
  const reason =
    /^tiptoe: Each batch would read the whole of public\.twins \(\d+ MB\), not only its range of id: .*\n {2}Write the WHERE/;
  const dry = await backfill('run', path, '--dry-run');
  expect(dry).toMatchObject({ code: 2, stderr: expect.stringMatching(reason) as unknown });
  expect(dry.stdout).toContain('Seq Scan on twins o');
  expect(await backfill('run', path, '--quiet')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(reason) as unknown,
  });
});
