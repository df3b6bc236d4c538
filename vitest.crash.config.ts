import { defineConfig } from 'vitest/config';

/** `npm run test:crash`: every fault at every point of every kind of migration file, on servers of its own. */
export default defineConfig({
  test: {
    include: ['test/crash/*.crash.ts'],
    disableConsoleIntercept: true,
    // With TIPTOE_CRASH=all on a busy machine; a sample takes some minutes.
    testTimeout: 3_600_000,
    hookTimeout: 60_000,
  },
});
