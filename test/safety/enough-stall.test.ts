import { expect, test } from 'vitest';
import { watchEnoughStall } from '../../src/safety/enough-stall.ts';

function after(ages: readonly number[], failedMs?: number) {
  const stall = watchEnoughStall();
  ages.forEach((ageMs, index) => {
    const holder = {
      kind: 'session',
      pid: index,
      transaction: `${index}`,
      application: null,
      user: null,
      state: null,
      transactionAgeMs: ageMs,
      on: 'relation',
      relation: 'public.book',
      object: null,
      lock: 'AccessShareLock',
      query: null,
      vacuumable: false,
    } as const;
    stall.looked({ holder, key: `${index}`, ageMs });
  });
  if (failedMs !== undefined) stall.failed(failedMs);
  return stall.verdict();
}

test('half of the median age, in steps, makes every second look a try', () => {
  expect(after([300, 700, 900])).toEqual({ medianAgeMs: 700, enoughStallMs: 350 });
  expect(after([310, 710, 910])).toEqual({ medianAgeMs: 710, enoughStallMs: 400 });
});

test('where tries were in vain as well, it must outlast a whole transaction', () => {
  expect(after([300, 350, 380, 390], 200)).toEqual({ medianAgeMs: 380, enoughStallMs: 400 });
});

test('one and the same holder, or one that stays for long, says nothing of what would do', () => {
  expect(after([300])).toEqual({ medianAgeMs: null, enoughStallMs: null });
  expect(after([9_000, 9_500, 9_900])).toEqual({ medianAgeMs: 9_500, enoughStallMs: null });
});
