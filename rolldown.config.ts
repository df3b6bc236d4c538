import type { RolldownOptions } from 'rolldown';

/**
 * Bundles the program into few files: hundreds of small ones are slow to load. What a command imports when it runs stays in chunks of its
 * own, and packages stay packages.
 */
export default {
  input: {
    main: 'src/cli/main.ts',
    'parse-worker': 'src/cli/parse-worker.ts',
    index: 'src/library/index.ts',
    testing: 'src/library/testing.ts',
  },
  platform: 'node',
  // Packages; not files, which on Windows may begin with a drive.
  external: /^[^./](?!:)/,
  output: {
    dir: 'dist',
    cleanDir: true,
    chunkFileNames: '[name].js',
    codeSplitting: {
      // Those that come first have the first choice.
      groups: [
        // What both the command line and the library begin with.
        {
          name: 'common',
          test: /[\\/]src[\\/](problem|duration|time-window|postgres[\\/]secrets|report[\\/](printable|workflow-commands))\.ts$/,
          priority: 6,
        },
        // On its own and small, so that its WASM is compiled while the analysis loads.
        { name: 'parser', test: /[\\/]src[\\/]sql[\\/]libpg\.ts$/, priority: 5 },
        // What the thread that parses ahead loads as well.
        { name: 'reading', test: /[\\/]src[\\/]sql[\\/]/, priority: 4 },
        // Not what checks a file of facts: it loads the schema library, which most runs do without.
        {
          name: 'analysis',
          test: /[\\/](rules|src[\\/](postgres|catalog|effects|lint))[\\/](?!facts-document)/,
          priority: 3,
        },
        {
          name: 'library',
          test: /[\\/]src[\\/](library[\\/]|report[\\/](lint-json|explain-json|counts)\.ts)/,
          priority: 2,
        },
        { name: 'start', tags: ['$initial'], test: /[\\/](?!parse-)[\w-]+\.ts$/, priority: 1 },
      ],
    },
  },
} satisfies RolldownOptions;
