import type * as Analysis from './analyse.ts';
import { prepareParserThread } from './parser-thread.ts';

/**
 * Loads the analysis, and beside it the parser, whose WASM is compiled on another thread: half of the start-up time of `lint`. Where the paths
 * have much to parse, the thread that parses ahead starts as well.
 */
export async function loadAnalysis(paths: readonly string[]): Promise<typeof Analysis> {
  prepareParserThread(paths);
  const [analysis] = await Promise.all([
    import('./analyse.ts'),
    import('../sql/libpg.ts').then(({ loadParser }) => loadParser()),
  ]);
  return analysis;
}
