import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { startTiptoe } from '../support/cli.ts';
import { testDatabase } from '../support/database.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';
import { value } from './support.ts';

const db = testDatabase();
const folder = ownTemporaryDirectory();

test.each([
  ['which leads', 'leader', 0],
  ['which has joined', 'joiner', 1],
])(
  'kill -9 of the one of two processes %s: the other one ends it, each row is changed once',
  async (_, name, killed) => {
    const session = await db.session();
    await session.exec(`
    CREATE TABLE ${name} (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0);
    INSERT INTO ${name} SELECT i::bigint * 1000000 FROM generate_series(1, 3000) i`);
    const path = `${name}.backfill.sql`;
    await writeFile(join(folder.path, path), `UPDATE ${name} SET n = n + 1`);
    const start = () =>
      startTiptoe(['backfill', 'run', path, '--workers', '2', '--rate', '400', '--max-batch-size', '20'], {
        cwd: folder.path,
        env: { DATABASE_URL: db.ownerUrl },
      });
    const first = start();
    await first.waitForOutput(/starting on/);
    const second = start();
    await second.waitForOutput(/joining .* with 2 workers/);
    const workers = () =>
      value(
        session,
        `SELECT count(DISTINCT claimed_by) FROM tiptoe.backfill_range WHERE backfill = '${name}' AND NOT done`,
      );
    await vi.waitUntil(async () => (await workers()) === '4', 20_000);
    const [victim, survivor] = killed === 0 ? [first, second] : [second, first];
    victim.kill('SIGKILL');
    expect(await victim.finished()).toMatchObject({ code: null });
    await session.exec(`UPDATE tiptoe.backfill SET rate = NULL WHERE name = '${name}'`);
    const { code, stdout } = await survivor.finished();
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(new RegExp(`^${name}: done\\. 3,000 rows changed, 3,000 keys visited`)) as unknown,
    });
    expect(await value(session, `SELECT count(*) FROM ${name} WHERE n <> 1`)).toBe('0');
    expect(
      await value(session, `SELECT count(*) FROM tiptoe.backfill_range WHERE backfill = '${name}' AND NOT done`),
    ).toBe('0');
    expect(await value(session, `SELECT count(*) FROM tiptoe.lease WHERE name LIKE 'backfill ${name} worker %'`)).toBe(
      '0',
    );
  },
);
