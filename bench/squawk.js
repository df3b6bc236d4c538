/**
 * squawk's native binary, as a baseline: https://github.com/sbdchd/squawk. It is fetched once, into the cache beside the servers that
 * the tests fetch, and is no dependency of tiptoe.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const VERSION = '2.66.0';

/** The path of the binary itself: the launcher in JavaScript around it would cost a start of Node. */
export function squawk() {
  const cache = process.env.TIPTOE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tiptoe');
  const folder = join(cache, `squawk-${VERSION}`);
  const name = process.platform === 'win32' ? 'squawk.exe' : 'squawk';
  const binary = join(folder, 'node_modules', '@squawk-cli', `${process.platform}-${process.arch}`, 'bin', name);
  if (existsSync(binary)) return { binary, version: VERSION };
  mkdirSync(folder, { recursive: true });
  const install = [
    'install',
    '--prefix',
    folder,
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    `squawk-cli@${VERSION}`,
  ];
  const { status } = spawnSync('npm', install, {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0 || !existsSync(binary))
    throw new Error(`squawk ${VERSION} could not be fetched from npm for ${process.platform} on ${process.arch}.`);
  return { binary, version: VERSION };
}
