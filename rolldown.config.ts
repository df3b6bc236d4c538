import type { RolldownOptions } from 'rolldown';

/**
 * Bundles the program into few files: hundreds of small ones are slow to load. What a command imports when it runs stays in chunks of its
 * own, and packages stay packages.
 */
export default {
  input: 'src/cli/main.ts',
  platform: 'node',
  // Packages; not files, which on Windows may begin with a drive.
  external: /^[^./](?!:)/,
  output: {
    dir: 'dist',
    cleanDir: true,
    chunkFileNames: '[name].js',
    codeSplitting: {
      groups: [
        { name: 'start', tags: ['$initial'] },
        // On its own and small, so that its WASM is compiled while the analysis loads.
        { name: 'parser', test: /[\\/]src[\\/]sql[\\/]libpg\.ts$/ },
        { name: 'analysis', test: /[\\/](rules|src[\\/](sql|postgres|catalog|effects|lint))[\\/]/ },
      ],
    },
  },
} satisfies RolldownOptions;
