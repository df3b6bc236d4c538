import { defineConfig } from 'vitest/config';
import type { Reporter } from 'vitest/node';

/** The tests print what they find, one line each; this adds only why one failed. */
const failures: Reporter = {
  onTestCaseResult: (test) => report(test.result().errors),
  onTestModuleEnd: (module) => report(module.errors()),
  onTestRunEnd: (_modules, unhandled) => report(unhandled),
};

function report(errors: readonly { message: string }[] = []): void {
  for (const { message } of errors) console.error(message);
}

/** `npm run test:matrix`: the statement shapes on every major version, two servers at a time. */
export default defineConfig({
  test: {
    include: ['test/effects/majors.matrix.ts'],
    reporters: [failures],
    disableConsoleIntercept: true,
    maxConcurrency: 2,
    // A thousand shapes on a machine that has other things to do.
    testTimeout: 1_200_000,
  },
});
