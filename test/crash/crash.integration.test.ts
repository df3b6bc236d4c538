import { expect, inject, test } from 'vitest';
import { kindsFor, openBench, recordAll, runPairs } from './harness.ts';
import { describePair, listPairs } from './pairs.ts';
import { samplePairs } from './sample.ts';

const SOME = /^(?:one transaction|CREATE INDEX CONCURRENTLY|a procedure that commits)$/;
const FAULTS = new Set(['kill', 'cut', 'terminate-main', 'restart-immediate']);
/** Where it is decided what stands. */
const BOUNDARY = /(?:kill sent|cut answered|terminate-main held|restart-immediate sent) .*main #/;

/** A few of the pairs of `npm run test:crash`. */
test(
  'after a fault at the statements of a file, running again leaves all as if nothing had happened',
  { timeout: 240_000 },
  async () => {
    const bench = await openBench(inject('serverVersion'));
    try {
      const kinds = kindsFor(inject('serverVersion')).filter(({ name }) => SOME.test(name));
      const expected = await recordAll(bench, kinds);
      const pairs = listPairs([...expected.values()]).filter(
        (pair) => FAULTS.has(pair.fault) && BOUNDARY.test(describePair(pair)),
      );
      const some = samplePairs(pairs, 1);
      expect(some.length).toBeGreaterThanOrEqual(10);
      const wrong: string[] = [];
      await runPairs(bench, null, some, expected, (verdict) => {
        if (verdict.wrong !== null || !verdict.reached) wrong.push(`${describePair(verdict.pair)}: ${verdict.wrong}`);
      });
      expect(wrong).toEqual([]);
    } finally {
      await bench.stop();
    }
  },
);
