import { expect, test } from 'vitest';
import { adviceFor } from '../../src/backfill/upkeep-advice.ts';

const CALM = { table: 'app.users', dead: 0, live: 100_000, vacuumedFrom: 20_050, vacuuming: false, modified: 0 };

test.each([
  ['nothing', {}, null, 'no row is dead'],
  ['a few', { dead: 3_000 }, null, 'only 3,000 rows (2.9 %) are dead'],
  ['many of a small table', { dead: 1, live: 1 }, null, 'only 1 row (50 %) is dead'],
  [
    'too few for autovacuum',
    { dead: 10_000 },
    'VACUUM (ANALYZE) app.users',
    '10,000 rows (9.1 %) are dead, and autovacuum comes only from 20,050 rows on',
  ],
  [
    'before autovacuum came',
    { dead: 100_000, modified: 100_000 },
    'VACUUM (ANALYZE) app.users',
    '100,000 rows (50 %) are dead, and autovacuum has not come yet; 100,000 rows were changed since its last ANALYZE',
  ],
  [
    'while autovacuum is there',
    { dead: 100_000, vacuuming: true },
    null,
    'a vacuum is at work on it; 100,000 rows (50 %) are dead',
  ],
  [
    'vacuumed, not analyzed',
    { modified: 20_000 },
    'ANALYZE app.users',
    '20,000 rows were changed since its last ANALYZE, and plans go by it',
  ],
])('%s', (_, condition, command, reason) => {
  expect(adviceFor({ ...CALM, ...condition })).toEqual({ command, reason });
});
