import { expect, test } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { run, specOf, value } from './support.ts';

const db = testDatabase();

test('of the states that were reached the last 10,000 or so are kept, of the requests all', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1)');
  await run(db.ownerUrl, await specOf('t', 'UPDATE t SET a = 1 WHERE a IS NULL'));
  await session.exec(`
    INSERT INTO tiptoe.backfill_event (backfill, who, what) SELECT 't', 'x', 'rate: 1 to 2' FROM generate_series(1, 20);
    INSERT INTO tiptoe.backfill_event (backfill, who, what)
      SELECT b, 'x', 'state: running to throttled' FROM generate_series(1, 12000), unnest(ARRAY['t', 'other']) b;
    DO $$ BEGIN
      FOR i IN 1..2000 LOOP
        UPDATE tiptoe.backfill SET state = CASE state WHEN 'running' THEN 'throttled' ELSE 'running' END WHERE name = 't';
      END LOOP;
    END $$`);
  const kept = (of: string) =>
    value(session, `SELECT count(*)::int FROM tiptoe.backfill_event WHERE backfill = '${of}' AND what LIKE 'state: %'`);
  const states = await kept('t');
  expect(states).toBeGreaterThanOrEqual(10_000);
  expect(states).toBeLessThan(12_000);
  expect(await kept('other')).toBe(12_000);
  expect(await value(session, `SELECT count(*)::int FROM tiptoe.backfill_event WHERE what = 'rate: 1 to 2'`)).toBe(20);
});
