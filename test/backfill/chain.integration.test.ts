import { expect, test } from 'vitest';
import { verifyBackfill } from '../../src/backfill/verify.ts';
import { connectionTo, testDatabase } from '../support/database.ts';
import { run, specOf, value } from './support.ts';

const db = testDatabase();
const SMALL = { batchSize: 10, maxBatchSize: 10 };
const GO_ON = new AbortController().signal;

async function verified(name: string) {
  return (await verifyBackfill(connectionTo(db.ownerUrl), 'tiptoe', name, GO_ON))?.remaining;
}

async function counted(name: string) {
  const session = await db.session();
  await session.exec(`
    CREATE TABLE ${name} (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);
    INSERT INTO ${name} SELECT generate_series(1, 200)`);
  return { session, spec: await specOf(name, `UPDATE ${name} SET n = n + 1`) };
}

const NO_WHERE = { kind: 'cannot-tell', reason: 'the statement has no WHERE' };

test('checkpoints from the first key to the last are the proof, also after a pause and with more workers', async () => {
  const { session, spec } = await counted('paused');
  const pause = new AbortController();
  const first = await run(db.ownerUrl, spec, {
    settings: SMALL,
    pause: pause.signal,
    onEvent: ({ event }) => void (event === 'progress' && pause.abort()),
  });
  expect(first.outcome).toBe('paused');
  expect(await verified('paused')).toEqual({
    ...NO_WHERE,
    chain: { kind: 'broken', reason: 'range 1 is not done', edited: false },
  });
  const last = await run(db.ownerUrl, spec, { settings: SMALL, workers: 2, resume: true });
  expect(last).toMatchObject({ outcome: 'succeeded', rowsDone: 200 });
  expect(
    Number(await value(session, `SELECT count(*) FROM tiptoe.backfill_range WHERE backfill = 'paused'`)),
  ).toBeGreaterThan(1);
  const chain = { kind: 'unbroken', checkpoints: last.batches, rows: 200 };
  expect(last.remaining).toEqual({ ...NO_WHERE, chain });
  expect(await verified('paused')).toEqual({ ...NO_WHERE, chain });
  expect(await value(session, 'SELECT count(*) FROM paused WHERE n <> 1')).toBe('0');
});

test('a range that was walked past its end, into the next one, proves nothing: its rows were changed twice', async () => {
  const { session, spec } = await counted('overlapping');
  await run(db.ownerUrl, spec, { settings: SMALL, workers: 2 });
  await session.exec(`
    ALTER TABLE tiptoe.backfill_range DISABLE TRIGGER backfill_edited;
    UPDATE tiptoe.backfill_range SET last_key = '{111}' WHERE backfill = 'overlapping' AND number = 1;
    ALTER TABLE tiptoe.backfill_range ENABLE TRIGGER backfill_edited`);
  expect(await verified('overlapping')).toMatchObject({
    chain: { kind: 'broken', reason: 'range 1 was walked past its end, into keys of the next one', edited: false },
  });
});

test.each([
  ['moved_on', `last_key = '{150}'`],
  ['moved_back', `last_key = NULL`],
  ['ended', 'done = true'],
  ['other_rows', 'rows_done = rows_done + 1'],
  ['other_batches', 'batches = batches + 1'],
  ['with_batches', `last_key = '{150}', batches = batches + 1`],
  ['lower', `lower_key = '{5}'`],
])('a checkpoint that a person has edited proves nothing any more: %s', async (name, edit) => {
  const { session, spec } = await counted(name);
  const pause = new AbortController();
  await run(db.ownerUrl, spec, {
    settings: SMALL,
    pause: pause.signal,
    onEvent: ({ event }) => void (event === 'progress' && pause.abort()),
  });
  await session.exec(`UPDATE tiptoe.backfill_range SET ${edit} WHERE backfill = '${name}'`);
  const reason = 'the chain of checkpoints was edited by hand in range 1';
  const result = await run(db.ownerUrl, spec, { resume: true });
  expect(result).toMatchObject({
    outcome: 'failed',
    reason: `all keys were walked, but nothing proves that each row was changed once: ${reason}; once you have checked the rows, UPDATE tiptoe.backfill SET edited = NULL WHERE name = '${name}' and run it again`,
    remaining: { ...NO_WHERE, chain: { kind: 'broken', reason } },
  });
  expect(
    await value(session, `SELECT what FROM tiptoe.backfill_event WHERE backfill = '${name}' AND what LIKE 'edited%'`),
  ).toBe(`edited: none to ${reason}`);
  expect(await verified(name)).toMatchObject({ chain: { kind: 'broken', reason } });

  // Nobody but a person who has looked at the rows ends that.
  expect(await run(db.ownerUrl, spec)).toMatchObject({ outcome: 'failed', rowsDone: result.rowsDone });
  if (name === 'lower') return;
  await session.exec(`UPDATE tiptoe.backfill SET edited = NULL WHERE name = '${name}'`);
  expect(await run(db.ownerUrl, spec)).toMatchObject({ outcome: 'succeeded', rowsDone: result.rowsDone });
  expect(
    await value(session, `SELECT what FROM tiptoe.backfill_event WHERE backfill = '${name}' AND what LIKE '% to none'`),
  ).toBe(`edited: ${reason} to none`);
});

test('ranges that do not meet, and a partition without any', async () => {
  const { session, spec } = await counted('holes');
  await run(db.ownerUrl, spec, { workers: 2, settings: SMALL });
  await session.exec(
    `UPDATE tiptoe.backfill_range SET upper_key = '{7}' WHERE backfill = 'holes' AND lower_key IS NULL`,
  );
  expect(await verified('holes')).toEqual({
    ...NO_WHERE,
    chain: { kind: 'broken', reason: 'no checkpoint leads on from the key 7 in public.holes', edited: false },
  });

  await session.exec(`
    CREATE TABLE parts (id int PRIMARY KEY, n int NOT NULL DEFAULT 0) PARTITION BY RANGE (id);
    CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100);
    CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (100) TO (200);
    INSERT INTO parts SELECT generate_series(0, 199)`);
  const result = await run(db.ownerUrl, await specOf('parts', 'UPDATE parts SET n = n + 1'), { settings: SMALL });
  expect(result.remaining).toEqual({
    ...NO_WHERE,
    chain: { kind: 'unbroken', checkpoints: result.batches, rows: 200 },
  });
  await session.exec('CREATE TABLE parts_3 PARTITION OF parts FOR VALUES FROM (200) TO (300)');
  expect(await verified('parts')).toMatchObject({
    chain: { kind: 'broken', reason: 'public.parts_3 has no checkpoint' },
  });
});

test('what was removed from the checkpoints is missed', async () => {
  const { session, spec } = await counted('removed');
  await run(db.ownerUrl, spec, { settings: SMALL });
  await session.exec(`DELETE FROM tiptoe.backfill_range WHERE backfill = 'removed'`);
  expect(await verified('removed')).toMatchObject({
    chain: { kind: 'broken', reason: 'the chain of checkpoints was edited by hand in range 1' },
  });
  await session.exec(`DELETE FROM tiptoe.backfill WHERE name = 'removed'`);
});
