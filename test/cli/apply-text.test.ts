import { expect, test } from 'vitest';
import { describeBlocker, tell } from '../../src/cli/apply-text.ts';
import type { Blocker } from '../../src/safety/blockers.ts';

const REPORT: Blocker = {
  kind: 'session',
  pid: 42,
  application: 'nightly report',
  user: 'app',
  state: 'idle in transaction',
  transactionAgeMs: 180_000,
  on: 'relation',
  relation: 'public.orders',
  object: null,
  lock: 'AccessShareLock',
  query: 'SELECT count(*) FROM orders',
};

test('while it waits it says who holds it up, by what, for how long, and what that session runs', () => {
  const shown: string[] = [];
  const line = { show: (_: string, text: string) => shown.push(text), note: () => undefined, clear: () => undefined };
  const waits = { event: 'waiting-for-lock', path: '1_a.sql', line: 3, attempts: 1, waitedMs: 4_000 } as const;
  tell(line, { ...waits, blockers: [REPORT, { ...REPORT, pid: 43 }] });
  tell(line, { ...waits, blockers: [] });
  expect(shown).toEqual([
    'waiting 4 s for pid 42 (nightly report, app, idle in transaction for 3 min) with AccessShareLock on public.orders and 1 more ' +
      '[1_a.sql:3]: SELECT count(*) FROM orders',
    'waiting 4 s for its locks [1_a.sql:3]',
  ]);
});

test.each<[Partial<Blocker>, string]>([
  [{ on: 'row', relation: 'orders' }, 'with a row of orders'],
  [{ on: 'row', relation: '' }, 'with a row that it changed or locked'],
  [{ on: 'advisory', relation: '', object: '42' }, 'with the advisory lock 42'],
  [{ on: 'snapshot', relation: '' }, 'with an older snapshot'],
  [{ on: 'object', relation: '', object: 'type mood' }, 'with AccessShareLock on type mood'],
])('what a blocker holds is told: %j', (what, claim) => {
  expect(describeBlocker({ ...REPORT, ...what })).toBe(
    `pid 42 (nightly report, app, idle in transaction for 3 min) ${claim}`,
  );
});
