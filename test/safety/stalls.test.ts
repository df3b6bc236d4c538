import { expect, test } from 'vitest';
import { countStalls } from '../../src/safety/stalls.ts';

test('each wait counts from when it began to when it was last seen', () => {
  const count = countStalls();
  count.see([{ pid: 1, waitedMs: 30 }], 1_000);
  count.see(
    [
      { pid: 1, waitedMs: 80 },
      { pid: 2, waitedMs: 10 },
    ],
    1_050,
  );
  count.see([], 1_100);
  expect(count.sum()).toEqual({ sessions: 2, longestMs: 80, totalMs: 90 });
});

test('a session that waits a second time is one session with two waits', () => {
  const count = countStalls();
  count.see([{ pid: 1, waitedMs: 40 }], 1_000);
  count.see([{ pid: 1, waitedMs: 20 }], 1_050);
  expect(count.sum()).toEqual({ sessions: 1, longestMs: 40, totalMs: 60 });
});

test('where the server does not say since when, a wait counts from its first sight', () => {
  const count = countStalls();
  for (const now of [1_000, 1_050, 1_100]) count.see([{ pid: 1, waitedMs: null }], now);
  expect(count.sum()).toEqual({ sessions: 1, longestMs: 100, totalMs: 100 });
});
