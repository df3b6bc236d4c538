import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cachedDirectory } from '../support/cache.ts';

const run = promisify(execFile);

/** A version of an npm package, and the hash that the registry gives its tarball. */
export interface Pinned {
  readonly name: string;
  readonly version: string;
  /** `sha512-…` */
  readonly integrity: string;
}

/** The directory of a package's files, without those of its dependencies. Nothing of it has run. */
export function unpacked({ name, version, integrity }: Pinned): Promise<string> {
  return cachedDirectory(join('packages', `${name.replace('/', '+')}@${version}`), async (directory) => {
    const pack = ['pack', `${name}@${version}`, '--ignore-scripts', '--silent', '--pack-destination', directory];
    await run('npm', pack, { cwd: directory, shell: process.platform === 'win32' });
    const [tarball = ''] = (await readdir(directory)).map((file) => join(directory, file));
    const hash = createHash('sha512')
      .update(await readFile(tarball))
      .digest('base64');
    if (`sha512-${hash}` !== integrity) throw new Error(`${name}@${version} is not what it was: sha512-${hash}`);
    const inside = join(directory, 'unpacked');
    await run('tar', ['-xzf', tarball, '-C', directory]);
    await rm(tarball);
    await rename(join(directory, 'package'), inside);
  }).then((directory) => join(directory, 'unpacked'));
}
