import type { Signal } from './signal.ts';

/** What someone wrote into the table and nobody can read: it may have been meant to hold the backfill up. */
export const brokenSettings: Signal = {
  name: 'signals',
  read(_, { settings: { broken } }) {
    return Promise.resolve(
      broken === null ? { kind: 'go' } : { kind: 'stop', reason: `the column signals cannot be read: ${broken}` },
    );
  },
};
