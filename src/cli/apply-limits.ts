import { formatDuration } from '../duration.ts';
import { Problem } from '../problem.ts';
import type { Limits } from '../safety/limits.ts';

export interface LimitOptions {
  readonly maxStall: number;
  readonly lockTimeout?: number;
  readonly giveUpAfter: number;
  readonly cap: number;
}

/** The server counts in milliseconds, and takes 0 for no limit at all. */
const LEAST_MS = 1;

/** The limits of a run; throws a Problem where they make no sense together. */
export function limitsOf({ maxStall, lockTimeout, giveUpAfter, cap }: LimitOptions): Limits {
  for (const [flag, ms] of [
    ['--max-stall', maxStall],
    ['--lock-timeout', lockTimeout ?? LEAST_MS],
  ] as const) {
    if (ms >= LEAST_MS) continue;
    throw new Problem(`${flag} is ${formatDuration(ms)}, and no lock can be had without standing in line at all.`, {
      advice: `Give it at least ${LEAST_MS}ms; below 20ms it takes more tries.`,
    });
  }
  if (lockTimeout !== undefined && lockTimeout > maxStall) {
    throw new Problem(
      `--lock-timeout ${formatDuration(lockTimeout)} is longer than traffic may wait behind it, --max-stall ${formatDuration(maxStall)}.`,
      {
        advice:
          'It is for the first try; later ones grow to --max-stall by themselves. Lower the one or raise the other.',
      },
    );
  }
  return {
    maxStallMs: maxStall,
    ...(lockTimeout === undefined ? {} : { lockTimeoutMs: lockTimeout }),
    giveUpAfterMs: giveUpAfter,
    capMs: cap,
  };
}
