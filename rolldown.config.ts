import type { RolldownOptions } from 'rolldown';

/**
 * Bundles the program into few files: hundreds of small ones are slow to load. What a command imports when it runs stays in chunks of its
 * own, and packages stay packages.
 */
export default {
  input: { main: 'src/cli/main.ts', 'parse-worker': 'src/cli/parse-worker.ts' },
  platform: 'node',
  // Packages; not files, which on Windows may begin with a drive.
  external: /^[^./](?!:)/,
  output: {
    dir: 'dist',
    cleanDir: true,
    chunkFileNames: '[name].js',
    codeSplitting: {
      groups: [
        { name: 'start', tags: ['$initial'], test: /[\\/](?!parse-)[\w-]+\.ts$/ },
        // On its own and small, so that its WASM is compiled while the analysis loads.
        { name: 'parser', test: /[\\/]src[\\/]sql[\\/]libpg\.ts$/ },
        // What the thread that parses ahead loads as well.
        { name: 'reading', test: /[\\/]src[\\/]sql[\\/]/ },
        { name: 'analysis', test: /[\\/](rules|src[\\/](postgres|catalog|effects|lint))[\\/]/ },
      ],
    },
  },
} satisfies RolldownOptions;
