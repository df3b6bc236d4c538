import { defineConfig } from 'vitest/config';
import { findPgBouncer } from './test/support/pgbouncer.ts';

/** Tests of a program that is no npm package: everywhere in CI, elsewhere where it is installed. */
const PGBOUNCER = 'test/db/pgbouncer.integration.test.ts';
const withoutPgBouncer = findPgBouncer() === undefined && !process.env.CI;
if (withoutPgBouncer) console.log(`PgBouncer is not installed, so ${PGBOUNCER} is left out.`);

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/**/*.integration.test.ts'] } },
      {
        test: {
          name: 'integration',
          include: ['test/**/*.integration.test.ts'],
          exclude: withoutPgBouncer ? [PGBOUNCER] : [],
          globalSetup: ['test/support/server.setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
