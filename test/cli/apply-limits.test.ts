import { expect, test } from 'vitest';
import { limitsOf } from '../../src/cli/apply-limits.ts';

const OPTIONS = { maxStall: 200, giveUpAfter: 600_000, cap: 5_000 };

test('the first try may be given its own time, which --max-stall bounds', () => {
  expect(limitsOf(OPTIONS)).toEqual({ maxStallMs: 200, giveUpAfterMs: 600_000, capMs: 5_000 });
  expect(limitsOf({ ...OPTIONS, lockTimeout: 200 })).toMatchObject({ lockTimeoutMs: 200 });
  expect(() => limitsOf({ ...OPTIONS, lockTimeout: 201 })).toThrow(
    '--lock-timeout 201ms is longer than traffic may wait behind it, --max-stall 200ms.',
  );
});

test('zero would be no limit at all', () => {
  expect(() => limitsOf({ ...OPTIONS, maxStall: 0 })).toThrow(/^--max-stall is 0ms/);
  expect(() => limitsOf({ ...OPTIONS, lockTimeout: 0 })).toThrow(/^--lock-timeout is 0ms/);
});
