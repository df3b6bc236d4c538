/** All benchmarks: a promise that is not kept is the exit code, and does not hide what the others say. */
await import('./startup.js');
await import('./lint.js');
