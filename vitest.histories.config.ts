import { defineConfig } from 'vitest/config';

/** `npm run test:histories`: the migration histories of products, fetched from npm, statement by statement against the server. */
export default defineConfig({
  test: {
    include: ['test/real-input/histories.ts'],
    globalSetup: ['test/support/server.setup.ts'],
    disableConsoleIntercept: true,
    testTimeout: 600_000,
    hookTimeout: 60_000,
  },
});
