import { describe, expect, test } from 'vitest';
import { MAJORS, startMajor, TEST_SETTINGS } from '../support/majors.ts';
import { type Answer, openProof } from './proof.ts';
import { SHAPES } from './shapes/list.ts';
import { isFor, type Shape } from './shapes/shape.ts';

describe.concurrent('effects are what every major version does', () => {
  test.each(MAJORS)('PostgreSQL %i', async (major) => {
    const server = await startMajor(major, { ...TEST_SETTINGS, autovacuum: 'off' });
    try {
      const proof = await openProof(server.url, major);
      const shapes = SHAPES.filter((shape) => isFor(shape, major));
      let agreements = 0;
      for (const shape of shapes) {
        const answer = await proof.ask(shape).catch(failed);
        const difference = differing(answer);
        if (difference === null) agreements += 1;
        else console.log(`PostgreSQL ${major}: ${spelling(shape)}: ${difference}`);
      }
      await proof.close();
      console.log(`PostgreSQL ${major}: ${shapes.length} shapes, ${agreements} agree`);
      expect(agreements, `PostgreSQL ${major}`).toBe(shapes.length);
    } finally {
      await server.stop();
    }
  });
});

function failed(error: unknown): Answer {
  return { expected: [], observed: [error instanceof Error ? error.message : String(error)] };
}

function spelling({ before, sameFile, sql }: Shape): string {
  return [before, sameFile, sql].filter((text) => text !== undefined).join('; ');
}

/** What only one side says. */
function differing({ expected, observed }: Answer): string | null {
  const only = (some: readonly string[], others: readonly string[]): string =>
    some.filter((line) => !others.includes(line)).join(', ') || 'nothing';
  if (expected.join() === observed.join()) return null;
  return `effects say ${only(expected, observed)}; the server did ${only(observed, expected)}`;
}
