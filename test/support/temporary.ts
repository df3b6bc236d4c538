import { mkdtempSync } from 'node:fs';
import { chmod, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

/** A temporary directory for one test file. */
export interface TemporaryDirectory {
  readonly path: string;
  entries(): Promise<readonly string[]>;
}

/**
 * Makes `os.tmpdir()` a directory of the file's own, here and in the programs it starts, so that what stays behind
 * shows. Everybody may enter it, as with /tmp.
 */
export function ownTemporaryDirectory(): TemporaryDirectory {
  const path = mkdtempSync(join(tmpdir(), 'tiptoe-test-'));
  const before = process.env.TMPDIR;
  beforeAll(async () => {
    await chmod(path, 0o755);
    process.env.TMPDIR = path;
  });
  afterAll(async () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    await rm(path, { recursive: true, force: true });
  });
  return { path, entries: () => readdir(path) };
}
