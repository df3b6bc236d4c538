import { defineConfig } from 'vitest/config';

/** `npm run test:random`: random histories against a server, one after the other. */
export default defineConfig({
  test: {
    include: ['test/random-histories/*.random.ts'],
    globalSetup: ['test/support/server.setup.ts'],
    disableConsoleIntercept: true,
    hookTimeout: 60_000,
  },
});
