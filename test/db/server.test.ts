import { expect, test } from 'vitest';
import { resolveConnection } from '../../src/db/connection.ts';
import { knownVersion } from '../../src/db/server.ts';

const connection = resolveConnection({ databaseUrl: 'postgres://app:s3cret@db/shop', env: {} });

test.each([
  [130_000, 13],
  [180_004, 18],
  [190_000, 19],
])('%i is PostgreSQL %i', (versionNum, version) => {
  expect(knownVersion(versionNum, connection)).toBe(version);
});

test.each([
  [120_022, '12'],
  [100_000, '10'],
  [90_624, '9.6'],
  [80_002, '8.0'],
])('%i is too old', (versionNum, name) => {
  expect(() => knownVersion(versionNum, connection)).toThrow(
    expect.objectContaining({
      exitCode: 2,
      message: `app@db:5432/shop runs PostgreSQL ${name}.`,
      advice: 'tiptoe works with PostgreSQL 13 and newer.',
    }),
  );
});
