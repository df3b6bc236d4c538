import { spawnSync } from 'node:child_process';
import { Problem } from '../problem.ts';

/** What git answered; null output where it said no. */
export interface GitAnswer {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Names of a large repository's files take some megabytes. */
const MOST_BYTES = 1024 * 1024 * 1024;

/** Runs git without a shell, in its own words and without touching the index. */
export function git(folder: string, args: readonly string[]): GitAnswer {
  const { error, status, stdout, stderr } = spawnSync('git', ['-C', folder, ...args], {
    encoding: 'utf8',
    maxBuffer: MOST_BYTES,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0' },
    windowsHide: true,
  });
  if (error !== undefined) {
    const isMissing = 'code' in error && error.code === 'ENOENT';
    throw new Problem(
      isMissing ? '--since needs git, which is not installed here.' : `git cannot be run: ${error.message}.`,
      {
        advice: 'Install git, or lint without --since.',
        cause: error,
      },
    );
  }
  return { ok: status === 0, stdout, stderr };
}
