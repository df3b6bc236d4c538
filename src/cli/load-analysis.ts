import type * as Analysis from './analyse.ts';

/** Loads the analysis, and beside it the parser, whose WASM is compiled on another thread: half of the start-up time of `lint`. */
export async function loadAnalysis(): Promise<typeof Analysis> {
  const [analysis] = await Promise.all([
    import('./analyse.ts'),
    import('../sql/libpg.ts').then(({ loadParser }) => loadParser()),
  ]);
  return analysis;
}
