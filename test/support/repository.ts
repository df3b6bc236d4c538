import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What is run there is git, npm and tiptoe without a network and the user's own settings. */
export const OFFLINE = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', npm_config_offline: 'true' };

/** A git repository with these files, in a folder of its own. */
export async function makeRepository(above: string, files: Readonly<Record<string, string>>): Promise<string> {
  const cwd = await mkdtemp(join(above, 'repository-'));
  git(cwd, 'init', '--quiet', '--initial-branch=main');
  await writeFiles(cwd, files);
  return cwd;
}

export async function writeFiles(cwd: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, path)), { recursive: true });
    await writeFile(join(cwd, path), text);
  }
}

export function git(cwd: string, ...args: string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(
    'git',
    ['-c', 'user.name=dev', '-c', 'user.email=dev@example.com', ...args],
    { cwd, encoding: 'utf8', env: OFFLINE },
  );
  return { status, output: stdout + stderr };
}

/** Puts the program into node_modules, as npm would have installed it. */
export async function installTiptoe(cwd: string): Promise<void> {
  await mkdir(join(cwd, 'node_modules/.bin'), { recursive: true });
  await symlink(ROOT, join(cwd, 'node_modules/tiptoe'));
  await symlink('../tiptoe/bin/tiptoe.js', join(cwd, 'node_modules/.bin/tiptoe'));
  await writeFiles(cwd, { '.gitignore': 'node_modules\n' });
}
