import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import { requestState } from '../../src/backfill/control.ts';
import { testDatabase } from '../support/database.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { run, specOf, value } from './support.ts';

const db = testDatabase();
const SMALL = { batchSize: 10, maxBatchSize: 10 };
let session: Session;

beforeEach(async () => {
  session = await db.session();
});

const booksOf = async (name: string) => {
  const [row] = await session.query(
    `SELECT state, rows_done AS rows, last_error AS error FROM tiptoe.backfill_progress WHERE name = $1`,
    [name],
  );
  return row;
};

describe('while it runs, its table is', () => {
  /** Does something to the table after the third batch. */
  async function meanwhile(name: string, sql: string, columns = 'id int PRIMARY KEY', workers?: number) {
    await session.exec(`
      CREATE TABLE ${name} (${columns}, n int NOT NULL DEFAULT 0, done bool);
      INSERT INTO ${name} SELECT generate_series(1, 300)`);
    const other = await db.session();
    const spec = await specOf(name, `UPDATE ${name} SET done = true WHERE done IS NULL`);
    const happened: Promise<unknown>[] = [];
    const result = await run(db.ownerUrl, spec, {
      settings: { ...SMALL, rate: 100 },
      ...(workers === undefined ? {} : { workers }),
      onEvent(event) {
        if (event.event === 'progress' && event.batches >= 3 && happened.length === 0) happened.push(other.exec(sql));
      },
    });
    await Promise.all(happened);
    return { spec, result };
  }

  test.each([1, 3])('dropped: it ends and says so, %i workers', async (workers) => {
    const name = `gone_${workers}`;
    const { spec, result } = await meanwhile(name, `DROP TABLE ${name}`, undefined, workers);
    const reason = `public.${name} was dropped while the backfill ran`;
    expect(result).toMatchObject({ outcome: 'failed', reason });
    expect(await booksOf(name)).toEqual({ state: 'failed', rows: String(result.rowsDone), error: reason });
    await expect(run(db.ownerUrl, spec)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(new RegExp(`^There is no table ${name} in the database`)) as unknown,
    });
  });

  test('dropped with all its partitions', async () => {
    await session.exec(`
      CREATE TABLE parted (id int PRIMARY KEY, done bool) PARTITION BY RANGE (id);
      CREATE TABLE parted_a PARTITION OF parted FOR VALUES FROM (0) TO (100);
      CREATE TABLE parted_b PARTITION OF parted FOR VALUES FROM (100) TO (400);
      INSERT INTO parted SELECT generate_series(1, 300)`);
    const other = await db.session();
    const happened: Promise<unknown>[] = [];
    const result = await run(db.ownerUrl, await specOf('parted', 'UPDATE parted SET done = true WHERE done IS NULL'), {
      settings: { ...SMALL, rate: 100 },
      onEvent(event) {
        if (event.event === 'progress' && happened.length === 0) happened.push(other.exec('DROP TABLE parted'));
      },
    });
    await Promise.all(happened);
    expect(result).toMatchObject({ outcome: 'failed', reason: 'public.parted was dropped while the backfill ran' });
  });

  test('renamed: it ends and says how it is called now, and goes on when it has its name again', async () => {
    const { spec, result } = await meanwhile('renamed', 'ALTER TABLE renamed RENAME TO "New name"');
    expect(result).toMatchObject({
      outcome: 'failed',
      reason: 'public.renamed is called public.New name now, and the statement does not find it',
    });
    expect(await value(session, 'SELECT count(*) FROM "New name" WHERE done')).toBe(String(result.rowsDone));
    await session.exec('ALTER TABLE "New name" RENAME TO renamed');
    expect(await run(db.ownerUrl, spec)).toMatchObject({ outcome: 'succeeded', rowsDone: 300 });
  });

  test('moved to another schema', async () => {
    await session.exec('CREATE SCHEMA attic');
    const { result } = await meanwhile('moved', 'ALTER TABLE moved SET SCHEMA attic');
    expect(result).toMatchObject({
      outcome: 'failed',
      reason: 'public.moved is called attic.moved now, and the statement does not find it',
    });
  });

  test('emptied by TRUNCATE: nothing is left to do', async () => {
    const { result } = await meanwhile('emptied', 'TRUNCATE emptied');
    expect(result).toMatchObject({ outcome: 'succeeded', remaining: { kind: 'proved' } });
    expect(result.rowsDone).toBeLessThan(300);
  });

  test('emptied and filled again', async () => {
    const { result } = await meanwhile(
      'refilled',
      'BEGIN; TRUNCATE refilled; INSERT INTO refilled SELECT generate_series(-50, -1); COMMIT',
    );
    expect(result).toMatchObject({ outcome: 'succeeded', remaining: { kind: 'proved' } });
    expect(await value(session, 'SELECT count(*) FROM refilled WHERE done IS NULL')).toBe('0');
  });

  test('without a key, and emptied and filled again: it begins anew', async () => {
    const { result } = await meanwhile(
      'refilled_places',
      'BEGIN; TRUNCATE refilled_places; INSERT INTO refilled_places SELECT generate_series(1, 50); COMMIT',
      'id int',
    );
    expect(result).toMatchObject({ outcome: 'succeeded', remaining: { kind: 'proved' } });
    expect(await value(session, 'SELECT count(*) FROM refilled_places WHERE done IS NULL')).toBe('0');
  });

  test('without a column of its key', async () => {
    const { result } = await meanwhile('keyless', 'ALTER TABLE keyless DROP COLUMN id');
    expect(result).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(
        /^the batch of 10 after the key \d+ failed: column k\.id does not exist \(SQLSTATE 42703\)$/,
      ) as unknown,
    });
  });

  test('without its primary key: each row is still met', async () => {
    const { result } = await meanwhile('unkeyed', 'ALTER TABLE unkeyed DROP CONSTRAINT unkeyed_pkey');
    expect(result).toMatchObject({ outcome: 'succeeded', rowsDone: 300 });
  });

  test('of some size and without its primary key: it waits for an index on the key', async () => {
    await session.exec(`
      CREATE TABLE unindexed (id int PRIMARY KEY, n int NOT NULL DEFAULT 0, pad text);
      ALTER TABLE unindexed ALTER pad SET STORAGE PLAIN;
      INSERT INTO unindexed SELECT i, 0, repeat('x', 5000) FROM generate_series(1, 2200) i;
      ANALYZE unindexed`);
    const other = await db.session();
    const dropped: Promise<unknown>[] = [];
    const reasons: string[] = [];
    const running = run(db.ownerUrl, await specOf('unindexed', 'UPDATE unindexed SET n = n + 1'), {
      settings: { batchSize: 20, maxBatchSize: 20, rate: 100 },
      onEvent(event) {
        if (event.event === 'progress' && dropped.length === 0)
          dropped.push(other.exec('ALTER TABLE unindexed DROP CONSTRAINT unindexed_pkey'));
        if (event.event === 'throttled') reasons.push(event.reason);
      },
    });
    await vi.waitUntil(() => reasons.length > 0, 15_000);
    await Promise.all(dropped);
    expect(reasons[0]).toBe('public.unindexed has no index on its key (id) any more; each batch would read all of it');
    await other.exec(`
      CREATE INDEX ON unindexed (id, n);
      UPDATE tiptoe.backfill SET rate = NULL WHERE name = 'unindexed'`);
    expect(await running).toMatchObject({ outcome: 'succeeded', rowsDone: 2200 });
    expect(await value(other, 'SELECT count(*) FROM unindexed WHERE n <> 1')).toBe('0');
  });

  test('no longer to be written by the role, and is again', async () => {
    const { spec, result } = await meanwhile('revoked', `REVOKE UPDATE ON revoked FROM ${db.ownerRole}`);
    expect(result).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(
        /^the batch of 10 after the key \d+ failed: permission denied for table revoked \(SQLSTATE 42501\)$/,
      ) as unknown,
    });
    await expect(run(db.ownerUrl, spec)).rejects.toMatchObject({
      exitCode: 2,
      message: `Role ${db.ownerRole} may not run the statement: permission denied for table revoked.`,
    });
    await session.exec(`GRANT UPDATE ON revoked TO ${db.ownerRole}`);
    expect(await run(db.ownerUrl, spec)).toMatchObject({ outcome: 'succeeded', rowsDone: 300 });
  });
});

test('books of a newer tiptoe are left alone', async () => {
  await session.exec('CREATE TABLE known (id int PRIMARY KEY, n int); INSERT INTO known VALUES (1)');
  await run(db.ownerUrl, await specOf('known', 'UPDATE known SET n = 1'), { schema: 'newer' });
  await session.exec(`UPDATE newer.version SET version = 99 WHERE component = 'backfill'`);
  const message = expect.stringMatching(
    /^The tables in schema newer were written by a newer tiptoe \(backfill version 99; this one knows \d+\)\.$/,
  ) as unknown;
  const advice = expect.stringContaining('npm install tiptoe@latest') as unknown;
  for (const name of ['known', 'later']) {
    const spec = await specOf(name, 'UPDATE known SET n = 2');
    await expect(run(db.ownerUrl, spec, { schema: 'newer' })).rejects.toMatchObject({ exitCode: 2, message, advice });
  }
  await expect(requestState(session, 'newer', 'known', 'paused')).rejects.toMatchObject({ message });
  expect(await value(session, 'SELECT n FROM known')).toBe(1);
});

test('a row that takes longer than a batch may is named, with what gives it more time', async () => {
  await session.exec(`
    CREATE TABLE slow (id int PRIMARY KEY, n int);
    INSERT INTO slow VALUES (7, 0);
    CREATE FUNCTION slowly(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(8); RETURN n + 1; END $$`);
  const spec = await specOf('slow', 'UPDATE slow SET n = slowly(n)');
  expect(await run(db.ownerUrl, spec, { settings: { batchSize: 1, maxBatchSize: 1 } })).toMatchObject({
    outcome: 'gave-up',
    reason:
      '5 batches in a row failed; the key 7 of public.slow failed: canceling statement due to statement timeout (SQLSTATE 57014, SQL statement "SELECT pg_sleep(8)"); a longer --batch-time gives it more time: a batch may take ten times as long, and never less than 5 s',
  });
  expect(await run(db.ownerUrl, spec, { settings: { batchTimeMs: 2_000 } })).toMatchObject({
    outcome: 'succeeded',
    rowsDone: 1,
  });
}, 90_000);

/** A backfill by way of a proxy that counts what the server sends. */
async function counting(spec: Awaited<ReturnType<typeof specOf>>, settings = {}) {
  let received = 0;
  const proxy = await startTcpProxy(new URL(db.ownerUrl), (client, server) => {
    client.pipe(server);
    server.on('data', (data) => {
      received += data.length;
      client.write(data);
    });
  });
  try {
    const url = new URL(db.ownerUrl);
    url.port = String(proxy.port);
    const result = await run(url.href, spec, { settings });
    return { result, received };
  } finally {
    await proxy.stop();
  }
}

describe('a very wide row', () => {
  test('is never sent to the client', async () => {
    await session.exec(`
      CREATE TABLE wide (id int PRIMARY KEY, body text, size int, copy text);
      INSERT INTO wide VALUES (1, repeat('x', 100 * 1024 * 1024))`);
    const spec = await specOf('wide', 'UPDATE wide SET size = length(body), copy = body WHERE size IS NULL');
    const { result, received } = await counting(spec, { batchTimeMs: 5_000 });
    expect(result).toMatchObject({ outcome: 'succeeded', rowsDone: 1, remaining: { kind: 'proved' } });
    expect(await value(session, 'SELECT length(copy) FROM wide')).toBe(100 * 1024 * 1024);
    expect(received).toBeLessThan(1024 * 1024);
  });

  test(
    'of 1 GB, the most that there can be, is changed where it fits, and named where it does not',
    { timeout: 300_000 },
    async () => {
      const bytes = 1024 ** 3 - 1024;
      await session.exec(`
      CREATE UNLOGGED TABLE widest (id int PRIMARY KEY, body text, size int);
      ALTER TABLE widest ALTER body SET STORAGE EXTERNAL;
      INSERT INTO widest VALUES (1, repeat('x', ${bytes})), (2, 'narrow')`);
      const measure = 'UPDATE widest SET size = octet_length(body) WHERE size IS NULL';
      const { result, received } = await counting(await specOf('widest', measure));
      expect(result).toMatchObject({ outcome: 'succeeded', rowsDone: 2, remaining: { kind: 'proved' } });
      expect(received).toBeLessThan(1024 * 1024);
      const more = `UPDATE widest SET body = body || repeat('x', 1024), size = NULL WHERE size IS NOT NULL`;
      const grown = await run(db.ownerUrl, await specOf('wider', more), {
        skipPoison: true,
        settings: { batchTimeMs: 10_000 },
      });
      expect(grown).toMatchObject({ outcome: 'gave-up', rowsDone: 1, keysSkipped: 1 });
      expect(await session.query('SELECT key, error FROM tiptoe.backfill_skipped')).toEqual([
        { key: '{1}', error: expect.stringMatching(/invalid memory alloc request size/) as unknown },
      ]);
      expect(await session.query('SELECT octet_length(body) AS bytes, size FROM widest ORDER BY id')).toEqual([
        { bytes, size: bytes },
        { bytes: 6 + 1024, size: null },
      ]);
    },
  );

  test('makes no long error out of a row that fails', async () => {
    await session.exec(`
      CREATE TABLE unfit (id int PRIMARY KEY, body text, n int);
      INSERT INTO unfit VALUES (1, repeat('x', 5 * 1024 * 1024))`);
    const { result } = await counting(await specOf('unfit', 'UPDATE unfit SET n = body::int WHERE n IS NULL'));
    expect(result).toMatchObject({
      outcome: 'gave-up',
      reason: expect.stringMatching(
        /the key 1 of public\.unfit failed: invalid input syntax for type integer: "x+…/,
      ) as unknown,
    });
    expect((result.reason ?? '').length).toBeLessThan(2_000);
    expect(Number(await value(session, `SELECT max(length(last_error)) FROM tiptoe.backfill`))).toBeLessThan(2_000);
  });
});
