import { describe, expect, test, vi } from 'vitest';
import { requestState } from '../../src/backfill/control.ts';
import { backfillStatus } from '../../src/backfill/status.ts';
import { testDatabase } from '../support/database.ts';
import { run, specOf, value } from './support.ts';

const db = testDatabase();

const SMALL = { batchSize: 7, maxBatchSize: 20 };

test('it visits every row once, proves the end, and can be asked again', async () => {
  const session = await db.session();
  await session.exec(`
    CREATE TABLE users (id bigint PRIMARY KEY, email text, email_lower text);
    INSERT INTO users SELECT i, 'U' || i FROM generate_series(1, 5000) i;
    INSERT INTO users VALUES (5001, NULL);
    ANALYZE users`);
  const spec = await specOf('lower', 'UPDATE users SET email_lower = lower(email) WHERE email_lower IS NULL OR false');
  const result = await run(db.ownerUrl, spec);
  expect(result).toMatchObject({
    outcome: 'succeeded',
    reason: null,
    rowsDone: 5001,
    rowsVisited: 5001,
    remaining: { kind: 'proved' },
  });
  expect(await value(session, 'SELECT count(*) FROM users WHERE email_lower = lower(email)')).toBe('5000');
  expect(await run(db.ownerUrl, spec)).toMatchObject({
    outcome: 'succeeded',
    rowsDone: 5001,
    events: [{ event: 'finished' }],
  });
  expect(await run(db.ownerUrl, { name: 'lower' })).toMatchObject({ outcome: 'succeeded' });
  expect(await backfillStatus(session, 'tiptoe', 'lower')).toMatchObject({
    state: 'succeeded',
    rowsTotal: 5001,
    rowsTotalExact: true,
    runner: null,
    key: ['id'],
    table: 'public.users',
  });
});

describe('every row exactly once, by a key of', () => {
  test.each([
    ['bigints beyond 2^53', 'id bigint', `9007199254740990 + i`],
    ['negative and far apart integers', 'id int', `CASE WHEN i % 2 = 0 THEN -1000000000 ELSE 1000000000 END + i`],
    ['uuids', 'id uuid', `md5(i::text)::uuid`],
    ['texts', 'id text COLLATE "C"', `chr(33 + i % 90) || E'\\\\ "''' || i`],
    ['texts in ICU order', 'id text COLLATE "und-x-icu"', `CASE WHEN i % 2 = 0 THEN 'ä' ELSE 'Ab-' END || i`],
    ['times', 'id timestamptz', `'2026-03-29 00:59:59.999999+00'::timestamptz + i * interval '1 microsecond'`],
    ['dates in another style', 'id date', `'2026-01-31'::date + i`],
    ['floats', 'id float8', `i / 3.0`],
    ['bytes', 'id bytea', `decode(md5(i::text), 'hex')`],
    ['enough numerics', 'id numeric', `i / 3::numeric`],
  ])('%s', async (what, column, expression) => {
    const session = await db.session();
    const name = what.replaceAll(/\W/g, '_');
    await session.exec(`
      ALTER DATABASE ${db.name} SET datestyle = 'German';
      CREATE TABLE "${name}" (${column} PRIMARY KEY, n int NOT NULL DEFAULT 0);
      INSERT INTO "${name}" SELECT ${expression} FROM generate_series(1, 100) i`);
    const spec = await specOf(name, `UPDATE "${name}" SET n = n + 1`);
    const result = await run(db.ownerUrl, spec, { settings: SMALL });
    expect(result).toMatchObject({ outcome: 'succeeded', rowsDone: 100, rowsVisited: 100 });
    expect(result.batches).toBeGreaterThan(5);
    expect(result.remaining).toEqual({
      kind: 'cannot-tell',
      reason: 'the statement has no WHERE',
      chain: { kind: 'unbroken', checkpoints: result.batches, rows: 100 },
    });
    expect(await value(session, `SELECT count(*) FROM "${name}" WHERE n <> 1`)).toBe('0');
  });

  test('several columns, in the order of the index', async () => {
    const session = await db.session();
    await session.exec(`
      CREATE TABLE items (at date, "Order" text, id bigint, n int NOT NULL DEFAULT 0, PRIMARY KEY ("Order", id, at));
      INSERT INTO items SELECT date '2026-01-01' + i % 3, 'o' || i % 4, i % 7, 0 FROM generate_series(1, 84) i;
      ALTER TABLE items ADD UNIQUE (id, at, "Order")`);
    expect(
      await run(db.ownerUrl, await specOf('rows', 'UPDATE items SET n = n + 1'), { settings: SMALL }),
    ).toMatchObject({
      outcome: 'succeeded',
      rowsVisited: 84,
    });
    const other = await specOf('rows-2', '-- tiptoe:backfill\n-- key: id, at, "Order"\nUPDATE items i SET n = i.n + 1');
    expect(await run(db.ownerUrl, other, { settings: SMALL })).toMatchObject({ outcome: 'succeeded', rowsVisited: 84 });
    expect(await value(session, 'SELECT count(*) FROM items WHERE n <> 2')).toBe('0');
  });

  test('a partitioned table', async () => {
    const session = await db.session();
    await session.exec(`
      CREATE TABLE events (id int, region text, n int NOT NULL DEFAULT 0, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
      CREATE TABLE events_a PARTITION OF events FOR VALUES IN ('a');
      CREATE TABLE events_b PARTITION OF events FOR VALUES IN ('b');
      INSERT INTO events SELECT i, CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END FROM generate_series(1, 50) i`);
    expect(
      await run(db.ownerUrl, await specOf('parts', 'UPDATE events SET n = n + 1'), { settings: SMALL }),
    ).toMatchObject({
      rowsDone: 50,
    });
    expect(await value(session, 'SELECT count(*) FROM events WHERE n = 1')).toBe('50');
  });
});

test('DELETE with USING, and INSERT … SELECT with ON CONFLICT', async () => {
  const session = await db.session();
  await session.exec(`
    CREATE TABLE orders (id int PRIMARY KEY, customer int);
    CREATE TABLE customers (id int PRIMARY KEY, gone bool);
    CREATE TABLE archive (id int PRIMARY KEY);
    INSERT INTO orders SELECT i, i % 10 FROM generate_series(1, 100) i;
    INSERT INTO customers SELECT i, i < 5 FROM generate_series(0, 9) i;
    INSERT INTO archive VALUES (3)`);
  const copy =
    'INSERT INTO archive SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer WHERE c.gone ON CONFLICT DO NOTHING';
  expect(await run(db.ownerUrl, await specOf('copy', copy), { settings: SMALL })).toMatchObject({
    rowsDone: 49,
    rowsVisited: 100,
  });
  const remove = 'DELETE FROM orders o USING customers c WHERE c.id = o.customer AND c.gone OR false';
  expect(await run(db.ownerUrl, await specOf('remove', remove), { settings: SMALL })).toMatchObject({
    rowsDone: 50,
    remaining: { kind: 'proved' },
  });
  expect(await value(session, 'SELECT count(*) FROM orders')).toBe('50');
});

test('rows that come behind the walk are found by a second pass', async () => {
  const session = await db.session();
  await session.exec(`
    CREATE TABLE late (id int PRIMARY KEY, done bool);
    INSERT INTO late SELECT i FROM generate_series(1, 100) i`);
  const spec = await specOf('late', 'UPDATE late SET done = true WHERE done IS NULL');
  let inserted: Promise<unknown> | undefined;
  const result = await run(db.ownerUrl, spec, {
    settings: { rate: 200, ...SMALL },
    onEvent: ({ event }) => {
      if (event === 'progress') inserted ??= session.exec('INSERT INTO late VALUES (0), (1000)');
    },
  });
  await inserted;
  expect(result).toMatchObject({ outcome: 'succeeded', rowsDone: 102, remaining: { kind: 'proved' } });
  expect(result.events).toContainEqual({ event: 'pass', pass: 2, rowsLeft: 1 });
});

test('max-passes bounds the walks of one run; the next run goes on', async () => {
  const session = await db.session();
  await session.exec(`
    CREATE TABLE bounded (id int PRIMARY KEY, done bool);
    INSERT INTO bounded SELECT i FROM generate_series(1, 100) i`);
  const text = 'UPDATE bounded SET done = true WHERE done IS NULL';
  const spec = await specOf('bounded', `-- tiptoe:backfill\n-- max-passes: 1\n${text}`);
  let inserted: Promise<unknown> | undefined;
  const result = await run(db.ownerUrl, spec, {
    settings: { rate: 200, ...SMALL },
    onEvent: ({ event }) => {
      if (event === 'progress') inserted ??= session.exec('INSERT INTO bounded VALUES (0)');
    },
  });
  await inserted;
  expect(result).toMatchObject({
    outcome: 'failed',
    reason: '1 row is still left after one pass, and max-passes is 1',
    remaining: { kind: 'left', rows: 1 },
  });
  expect(await run(db.ownerUrl, spec)).toMatchObject({
    outcome: 'succeeded',
    rowsDone: 101,
    remaining: { kind: 'proved' },
  });
});

test('a new value that is another one every time is set once', async () => {
  const session = await db.session();
  await session.exec(`
    CREATE TABLE stamped (id int PRIMARY KEY, at timestamptz NOT NULL DEFAULT '2020-01-01', token uuid, times int NOT NULL DEFAULT 0);
    INSERT INTO stamped SELECT generate_series(1, 30)`);
  const touch = await specOf('touch', `UPDATE stamped SET at = clock_timestamp() WHERE at > '2000-01-01'`);
  expect(await run(db.ownerUrl, touch)).toMatchObject({
    outcome: 'succeeded',
    rowsDone: 30,
    remaining: { kind: 'cannot-tell', reason: 'the new value is another one every time' },
  });
  const fill = await specOf('fill', 'UPDATE stamped SET token = gen_random_uuid(), at = now() WHERE token IS NULL');
  expect(await run(db.ownerUrl, fill)).toMatchObject({ rowsDone: 30, remaining: { kind: 'proved' } });
});

test('no rows: done at once', async () => {
  const session = await db.session();
  await session.exec('CREATE TABLE empty (id int PRIMARY KEY, n int)');
  expect(await run(db.ownerUrl, await specOf('empty', 'DELETE FROM empty'))).toMatchObject({
    outcome: 'succeeded',
    rowsVisited: 0,
    batches: 0,
    remaining: { kind: 'proved' },
  });
});

describe('while it runs', () => {
  const start = async (table: string, more: Parameters<typeof run>[2] = {}) => {
    const session = await db.session();
    await session.exec(`
      CREATE TABLE ${table} (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);
      INSERT INTO ${table} SELECT i FROM generate_series(1, 300) i`);
    const spec = await specOf(table, `UPDATE ${table} SET n = n + 1`);
    const running = run(db.ownerUrl, spec, { settings: { rate: 20 }, ...more });
    await vi.waitUntil(
      async () =>
        (await session.query(`SELECT FROM tiptoe.backfill_progress WHERE name = '${table}' AND batches > 0`)).length >
        0,
      10_000,
    );
    return { session, spec, running };
  };

  const once = async (session: Awaited<ReturnType<typeof db.session>>, table: string) =>
    expect(await value(session, `SELECT count(*) FROM ${table} WHERE n <> 1`)).toBe('0');

  test('plain SQL pauses it until a person lets it go on', async () => {
    const { session, spec, running } = await start('by_sql');
    await session.exec(`UPDATE tiptoe.backfill SET desired_state = 'paused' WHERE name = 'by_sql'`);
    const paused = await running;
    expect(paused).toMatchObject({ outcome: 'paused', reason: 'asked to pause' });
    expect(paused.rowsDone).toBeLessThan(300);
    expect(await value(session, `SELECT count(*) FROM by_sql WHERE n = 1`)).toBe(String(paused.rowsDone));
    expect(await backfillStatus(session, 'tiptoe', 'by_sql')).toMatchObject({
      state: 'paused',
      desiredState: 'paused',
      rate: 0,
    });
    await expect(run(db.ownerUrl, spec)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        new RegExp(`^The backfill by_sql stays paused: ${db.ownerRole} \\(tiptoe test\\) at 20.*Z asked for it\\.$`),
      ) as unknown,
      advice: 'To let it go on: tiptoe backfill resume by_sql, then run it again; or run it with --resume.',
    });
    expect(await value(session, 'SELECT count(*) FROM by_sql WHERE n = 1')).toBe(String(paused.rowsDone));
    expect(await run(db.ownerUrl, spec, { resume: true, settings: { rate: null } })).toMatchObject({
      outcome: 'succeeded',
      rowsDone: 300,
    });
    await once(session, 'by_sql');
    const events = await session.query(
      `SELECT what FROM tiptoe.backfill_event WHERE backfill = 'by_sql' AND who = '${db.ownerRole}' ORDER BY id`,
    );
    const asked = events.map((event) => ('what' in event ? event.what : ''));
    expect(asked).toEqual(
      expect.arrayContaining(['desired_state: running to paused', 'rate: 20 to none', 'state: running to succeeded']),
    );
  });

  test('a signal of this process pauses it', async () => {
    const pause = new AbortController();
    const { session, running } = await start('by_signal', { pause: pause.signal });
    pause.abort('Ctrl-C');
    expect(await running).toMatchObject({ outcome: 'paused', reason: 'Ctrl-C' });
    expect(await run(db.ownerUrl, { name: 'by_signal' }, { settings: { rate: null } })).toMatchObject({
      outcome: 'succeeded',
    });
    await once(session, 'by_signal');
  });

  test('a pause asked for while nobody runs it holds, also of one whose process was killed', async () => {
    const { session, spec, running } = await start('killed_pausing');
    await session.exec(
      `UPDATE tiptoe.lease SET token = gen_random_uuid(), owner = NULL WHERE name = 'backfill killed_pausing'`,
    );
    await expect(running).rejects.toMatchObject({ exitCode: 3 });
    await session.exec(
      `UPDATE tiptoe.backfill SET desired_state = 'paused', state = 'pausing' WHERE name = 'killed_pausing'`,
    );
    await expect(run(db.ownerUrl, spec)).rejects.toMatchObject({ exitCode: 3 });
    expect(await backfillStatus(session, 'tiptoe', 'killed_pausing')).toMatchObject({ state: 'paused' });
    await requestState(session, 'tiptoe', 'killed_pausing', 'running');
    expect(await run(db.ownerUrl, spec, { settings: { rate: null } })).toMatchObject({ outcome: 'succeeded' });
    await once(session, 'killed_pausing');
  });

  test('it can be cancelled, and only goes on when that is taken back', async () => {
    const { session, spec, running } = await start('cancelled');
    await requestState(session, 'tiptoe', 'cancelled', 'cancelled');
    expect(await running).toMatchObject({ outcome: 'cancelled' });
    await expect(run(db.ownerUrl, spec)).rejects.toMatchObject({
      exitCode: 1,
      message: 'The backfill cancelled was cancelled.',
    });
    expect(await requestState(session, 'tiptoe', 'cancelled', 'running')).toMatchObject({ runner: null });
    expect(await run(db.ownerUrl, spec, { settings: { rate: null } })).toMatchObject({ outcome: 'succeeded' });
    await once(session, 'cancelled');
  });

  test('the rate can be changed', async () => {
    const { session, running } = await start('faster', { settings: { rate: 1 } });
    await session.exec(`UPDATE tiptoe.backfill SET rate = NULL WHERE name = 'faster'`);
    expect(await running).toMatchObject({ outcome: 'succeeded' });
    await once(session, 'faster');
  });

  test('a second process has to wait, and gives up', async () => {
    const { session, spec, running } = await start('twice');
    await expect(run(db.ownerUrl, spec)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/^Another tiptoe holds 'backfill twice' since .*: a test/) as unknown,
    });
    await requestState(session, 'tiptoe', 'twice', 'paused');
    await running;
  });

  test('who has lost the lease stops and writes nothing more', async () => {
    const { session, running } = await start('taken_over');
    await session.exec(`UPDATE tiptoe.lease SET token = gen_random_uuid() WHERE name = 'backfill taken_over'`);
    await expect(running).rejects.toMatchObject({
      exitCode: 3,
      message: 'Another process has taken over the backfill taken_over; this one has stopped.',
    });
    const { rowsDone } = await backfillStatus(session, 'tiptoe', 'taken_over');
    expect(await value(session, 'SELECT count(*) FROM taken_over WHERE n = 1')).toBe(String(rowsDone));
  });

  test('the connections may break', async () => {
    const { session, running } = await start('broken');
    for (let round = 0; round < 3; round += 1) {
      await session.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tiptoe backfill broken'`,
      );
      const before = await value(session, `SELECT batches FROM tiptoe.backfill_progress WHERE name = 'broken'`);
      await vi.waitUntil(
        async () =>
          (await value(session, `SELECT batches FROM tiptoe.backfill_progress WHERE name = 'broken'`)) !== before,
        10_000,
      );
    }
    await session.exec(`UPDATE tiptoe.backfill SET rate = NULL WHERE name = 'broken'`);
    const result = await running;
    expect(result).toMatchObject({ outcome: 'succeeded', rowsDone: 300 });
    expect(result.events.filter(({ event }) => event === 'reconnected').length).toBeGreaterThan(0);
    await once(session, 'broken');
  });

  test('who waits for a lock on the table goes first', async () => {
    const { session, running } = await start('contended');
    const [reader, migration] = [await db.session(), await db.session()];
    await reader.exec('BEGIN; LOCK TABLE contended IN ACCESS SHARE MODE');
    const waiting = migration.exec('BEGIN; LOCK TABLE contended IN ACCESS EXCLUSIVE MODE');
    await vi.waitUntil(
      async () => (await backfillStatus(session, 'tiptoe', 'contended')).state === 'throttled',
      10_000,
    );
    expect((await backfillStatus(session, 'tiptoe', 'contended')).throttledBy).toBe(
      `pid ${migration.pid} waits for AccessExclusiveLock on public.contended`,
    );
    await reader.exec('COMMIT');
    await waiting;
    await migration.exec('COMMIT');
    await session.exec(`UPDATE tiptoe.backfill SET rate = NULL WHERE name = 'contended'`);
    expect(await running).toMatchObject({ outcome: 'succeeded' });
    await once(session, 'contended');
  });

  test('a dropped column ends it with the reason', async () => {
    const { session, running } = await start('dropped');
    await session.exec('ALTER TABLE dropped DROP COLUMN n');
    expect(await running).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(
        /^the batch of \d+ after the key \d+ failed: column .*n.* does not exist \(SQLSTATE 42703\)$/,
      ) as unknown,
    });
    expect((await backfillStatus(session, 'tiptoe', 'dropped')).lastError).toContain('does not exist');
  });
});

test('a locked row only delays it', async () => {
  const [session, other] = [await db.session(), await db.session()];
  await session.exec(
    'CREATE TABLE locked (id int PRIMARY KEY, n int NOT NULL DEFAULT 0); INSERT INTO locked SELECT generate_series(1, 50)',
  );
  await other.exec('BEGIN; UPDATE locked SET n = n WHERE id = 25');
  const result = await run(db.ownerUrl, await specOf('locked', 'UPDATE locked SET n = n + 1'), {
    settings: { batchTimeMs: 10, batchSize: 20 },
    onEvent: ({ event }) => {
      if (event === 'batch-failed') void other.exec('COMMIT');
    },
  });
  expect(result).toMatchObject({ outcome: 'succeeded', rowsDone: 50 });
  expect(await value(session, 'SELECT count(*) FROM locked WHERE n <> 1')).toBe('0');
});

test('a row of the books that someone holds delays it, and the reason names the table', async () => {
  const [session, other] = [await db.session(), await db.session()];
  await session.exec(
    'CREATE TABLE held (id int PRIMARY KEY, n int NOT NULL DEFAULT 0); INSERT INTO held SELECT generate_series(1, 50)',
  );
  let locked: Promise<unknown> | undefined;
  const reasons: string[] = [];
  const result = await run(db.ownerUrl, await specOf('held', 'UPDATE held SET n = n + 1'), {
    settings: { batchTimeMs: 10, batchSize: 10, maxBatchSize: 10, rate: 100 },
    onEvent: (event) => {
      if (event.event === 'progress')
        locked ??= other.exec(`BEGIN; UPDATE tiptoe.backfill_range SET left_out = NULL WHERE backfill = 'held'`);
      if (event.event === 'batch-failed') {
        reasons.push(event.reason);
        void other.exec('COMMIT');
      }
    },
  });
  await locked;
  expect(result).toMatchObject({ outcome: 'succeeded', rowsDone: 50 });
  expect(reasons[0]).toMatch(/lock timeout \(SQLSTATE 55P03, while updating tuple .* in relation "backfill_range"\)$/);
  expect(await value(session, 'SELECT count(*) FROM held WHERE n <> 1')).toBe('0');
});

test('five failures in a row pause it, and what was done stays done', async () => {
  const session = await db.session();
  await session.exec(
    'CREATE TABLE poison (id int PRIMARY KEY, n int); INSERT INTO poison SELECT i, 40 - i FROM generate_series(1, 50) i',
  );
  const spec = await specOf('poison', 'UPDATE poison SET n = 1 / n');
  const result = await run(db.ownerUrl, spec, { settings: SMALL });
  expect(result).toMatchObject({
    outcome: 'gave-up',
    reason: expect.stringMatching(
      /^5 batches in a row failed; the key 40 of public\.poison failed: division by zero \(SQLSTATE 22012\); --skip-poison would leave it out$/,
    ) as unknown,
  });
  const status = await backfillStatus(session, 'tiptoe', 'poison');
  expect(status).toMatchObject({ state: 'paused', lastError: result.reason, rowsDone: result.rowsDone });
  await session.exec('DELETE FROM poison WHERE n = 0');
  expect(await run(db.ownerUrl, spec)).toMatchObject({ outcome: 'succeeded', rowsDone: 49 });
});

test('a rate is kept', async () => {
  const session = await db.session();
  await session.exec(
    'CREATE TABLE paced (id int PRIMARY KEY, n int NOT NULL DEFAULT 0); INSERT INTO paced SELECT generate_series(1, 2000)',
  );
  const done: { at: number; rows: number }[] = [];
  await run(db.ownerUrl, await specOf('paced', 'UPDATE paced SET n = n + 1'), {
    settings: { rate: 1000 },
    onEvent: (event) => {
      if (event.event === 'progress') done.push({ at: performance.now(), rows: event.batchRows });
    },
  });
  const first = done[0]?.at ?? 0;
  const last = done.at(-1);
  const rowsBefore = done.slice(0, -1).reduce((sum, { rows }) => sum + rows, 0);
  expect(rowsBefore).toBeLessThanOrEqual((((last?.at ?? 0) - first) / 1000) * 1000 + 450);
  expect(Math.max(...done.map(({ rows }) => rows))).toBeLessThanOrEqual(250);
});
