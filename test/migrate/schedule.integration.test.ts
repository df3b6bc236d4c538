import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { parseTimeWindow, type TimeWindow } from '../../src/time-window.ts';
import { testDatabase } from '../support/database.ts';
import { ledger, run } from './support.ts';

const db = testDatabase();

beforeAll(async () => {
  const owner = await db.session();
  await owner.exec('CREATE TABLE shop (id int)');
});

/** Finer than a user can write: from and to so many milliseconds from now. */
function around(fromMs: number, toMs: number): TimeWindow {
  const day = parseTimeWindow('00:00-24:00');
  const minute = (ms: number) => ((((Date.now() + ms) / 60_000) % (24 * 60)) + 24 * 60) % (24 * 60);
  return { ...day, text: 'soon', from: minute(fromMs), to: minute(toMs) };
}

const HOUR_MS = 3_600_000;
const FILES = { '1_a.sql': 'CREATE TABLE a_of_window (id int);', '2_b.sql': 'CREATE TABLE b_of_window (id int);' };

test('outside of the window nothing is begun, and it says when it opens', async () => {
  const schedule = { windows: [around(2 * HOUR_MS, 3 * HOUR_MS)], wait: false };
  const result = await run(db.ownerUrl, FILES, {
    schema: 'window_closed',
    schedule,
    before: () => Promise.reject(new Error('too early')),
  });
  expect(result).toMatchObject({
    outcome: 'gave-up',
    exitCode: 3,
    reason: 'outside-window',
    opensAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as unknown,
    message: expect.stringMatching(
      /^It is .*Z on the server, outside of the window soon \(UTC\); 1_a\.sql was not begun\.$/,
    ) as unknown,
    advice: expect.stringMatching(
      /^It opens at .*Z, in 2 h: run again then, or let it wait with --wait-for-window\.$/,
    ) as unknown,
    files: [{ outcome: 'pending' }, { outcome: 'pending' }],
  });
  expect(await ledger(await db.session(), 'window_closed')).toEqual([]);
});

test('one of several windows is enough, and where there is nothing to do none is asked', async () => {
  const closed = around(2 * HOUR_MS, 3 * HOUR_MS);
  const open = { windows: [closed, around(-HOUR_MS, HOUR_MS)], wait: false };
  expect(await run(db.ownerUrl, FILES, { schema: 'window_open', schedule: open })).toMatchObject({ outcome: 'done' });
  const schedule = { windows: [closed], wait: false };
  expect(await run(db.ownerUrl, FILES, { schema: 'window_open', schedule })).toMatchObject({ outcome: 'done' });
});

test('it waits for the window when asked to, and Ctrl-C ends that', async () => {
  const session = await db.session();
  await session.exec('DROP TABLE a_of_window, b_of_window');
  const schedule = { windows: [around(1_000, HOUR_MS)], wait: true };
  const result = await run(db.ownerUrl, FILES, { schema: 'window_soon', schedule });
  expect(result.outcome).toBe('done');
  expect(result.events.filter(({ event }) => event === 'waiting-for-window')).toMatchObject([{ path: '1_a.sql' }]);

  const later = { windows: [around(HOUR_MS, 2 * HOUR_MS)], wait: true };
  const stopped = new AbortController();
  const interrupted = await run(db.ownerUrl, FILES, {
    schema: 'window_interrupted',
    schedule: later,
    signal: stopped.signal,
    onEvent: ({ event }) => event === 'waiting-for-window' && stopped.abort(),
  });
  expect(interrupted).toMatchObject({
    exitCode: 3,
    reason: 'interrupted',
    message: 'Interrupted; 1_a.sql was not begun.',
  });
});

test('a statement that waits for its lock when the window closes is not begun any more; one that runs is not cut', async () => {
  const reader = await db.session();
  await reader.exec('BEGIN; TABLE shop');
  const files = { '1_a.sql': 'VACUUM shop;\nALTER TABLE shop ADD b int;' };
  const closes = () => ({ windows: [around(-HOUR_MS, 1_500)], wait: false });
  const result = await run(db.ownerUrl, files, { schema: 'window_closes', schedule: closes() });
  expect(result).toMatchObject({
    exitCode: 3,
    reason: 'outside-window',
    message: expect.stringContaining('1_a.sql was stopped there; the statements before it stand.') as unknown,
    files: [{ outcome: 'gave-up', statements: [{ index: 0 }], unfinished: { index: 1 } }],
  });
  await reader.exec('COMMIT');
  expect(await run(db.ownerUrl, files, { schema: 'window_closes' })).toMatchObject({ outcome: 'done' });

  const long = { '1_a.sql': 'SELECT pg_sleep(2.5);', '2_b.sql': 'SELECT 1;' };
  expect(await run(db.ownerUrl, long, { schema: 'window_long', schedule: closes() })).toMatchObject({
    reason: 'outside-window',
    files: [{ outcome: 'done' }, { outcome: 'pending' }],
  });
});

test('with --wait-for-window it goes on in the next one, in the middle of a file', async () => {
  const reader = await db.session();
  await reader.exec('BEGIN; TABLE shop');
  const left = sleep(2_000).then(() => reader.exec('COMMIT'));
  const schedule = { windows: [around(-HOUR_MS, 1_000), around(2_500, HOUR_MS)], wait: true };
  const files = { '1_a.sql': 'VACUUM shop;\nALTER TABLE shop ADD c int;' };
  const result = await run(db.ownerUrl, files, { schema: 'window_next', schedule });
  await left;
  expect(result.outcome).toBe('done');
  expect(result.events.map(({ event }) => event)).toContain('waiting-for-window');
});
