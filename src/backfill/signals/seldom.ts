import type { Signal, Verdict } from './signal.ts';

/** Reads a signal that is costly less often, and again at once when the settings change. */
export function seldom(signal: Signal, everyMs: number): Signal {
  let last: { readonly at: number; readonly settings: string; readonly verdict: Verdict } | null = null;
  return {
    ...signal,
    async read(session, circumstances) {
      const settings = JSON.stringify(circumstances.settings);
      if (last !== null && last.settings === settings && performance.now() - last.at < everyMs) return last.verdict;
      const verdict = await signal.read(session, circumstances);
      last = { at: performance.now(), settings, verdict };
      return verdict;
    },
  };
}
