import { spawnSync } from 'node:child_process';

/**
 * Runs commands in turns, so that a busy machine slows all alike, and returns the median of each in milliseconds, by name. What they
 * print is thrown away.
 */
export function medians(commands, rounds) {
  const times = new Map(Object.keys(commands).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, { program, args, code }] of Object.entries(commands)) {
      const started = performance.now();
      const { status, stderr, error } = spawnSync(program, args, {
        stdio: ['ignore', 'ignore', 'pipe'],
        encoding: 'utf8',
      });
      times.get(name).push(performance.now() - started);
      if (status !== code) throw new Error(`${name} ended with exit code ${status}:\n${stderr}`, { cause: error });
    }
  }
  return new Map([...times].map(([name, list]) => [name, median(list)]));
}

export function median(times) {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
}

/** Says whether a ratio keeps what is promised; a promise that is not kept is the exit code. */
export function judge(what, ratio, limit) {
  const kept = ratio <= limit;
  console.log(`${kept ? '✓' : '✗'} ${what}: ${ratio.toFixed(2)} × (at most ${limit.toFixed(1)} ×)\n`);
  if (!kept) process.exitCode = 1;
}
