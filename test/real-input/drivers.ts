import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cachedDirectory } from '../support/cache.ts';

const DIRECTORY = fileURLToPath(new URL('drivers/', import.meta.url));

/** `require` in a directory where the tools that products' migrations are written for are installed, as `drivers/package-lock.json` pins them. */
export async function drivers(): Promise<(name: string) => unknown> {
  const lock = await readFile(join(DIRECTORY, 'package-lock.json'));
  const hash = createHash('sha256').update(lock).digest('hex').slice(0, 16);
  const directory = await cachedDirectory(join('drivers', hash), async (unfinished) => {
    for (const name of ['package.json', 'package-lock.json'])
      await copyFile(join(DIRECTORY, name), join(unfinished, name));
    await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: unfinished,
      shell: process.platform === 'win32',
    });
  });
  return createRequire(join(directory, 'package.json'));
}
