import { defineConfig } from 'vitest/config';

/** `npm run test:faults`: processes killed, stopped and cut off, hundreds of times; no row missed, none done twice. */
export default defineConfig({
  test: {
    include: ['test/faults/*.faults.ts'],
    globalSetup: ['test/support/server.setup.ts'],
    disableConsoleIntercept: true,
    // With TIPTOE_FAULTS=all; a sample takes some minutes.
    testTimeout: 1_800_000,
    hookTimeout: 60_000,
  },
});
