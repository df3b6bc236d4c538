import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { describeTool } from '../frameworks/arrange.ts';
import { findFiles, usualDir } from '../migrate/discovery.ts';
import { readMigrations } from '../migrate/read-migrations.ts';
import { AUTO, detectTool } from '../migrate/tool.ts';
import { type FoundVersion, serverVersions } from './server-version.ts';

/** What a repository tells of itself. Paths are relative to the working directory, or to the root where that is said. */
export interface Survey {
  /** Of the git repository; null outside of one. */
  readonly root: string | null;
  /** The working directory from the root; empty for the root itself. */
  readonly folder: string;
  /** The folder or file that holds the migrations; null where there are several, or none. */
  readonly dir: string | null;
  readonly hasMigrations: boolean;
  readonly framework: string | null;
  /** In words, with the file that told of it. */
  readonly tool: string | null;
  readonly versions: readonly FoundVersion[];
}

/** Looks at the repository that the working directory is in. */
export function surveyRepository(cwd: string, dir: string | undefined): Survey {
  const root = rootAbove(cwd);
  const detected = detectTool(cwd, dir === undefined ? [] : [dir], AUTO);
  const dirs =
    dir !== undefined
      ? [dir]
      : (detected?.site.dirs.map((one) => relative(cwd, join(detected.root, one)) || '.') ?? []);
  const usual = dirs.length > 0 ? null : usualDir(cwd);
  const folders = usual === null ? dirs : [usual];
  const there = folders.filter((one) => existsSync(join(cwd, one)));
  const found = there.length === 0 ? [] : findFiles(there, cwd);
  const tool =
    detected ??
    (found.length === 0
      ? null
      : readMigrations(found, { cwd, stdin: undefined, tool: null, recognise: true, side: 'up' }).tool);
  const [only] = folders;
  return {
    root,
    folder: root === null ? '' : relative(root, cwd).split(sep).join('/'),
    dir: folders.length === 1 && only !== undefined && !only.endsWith('.sql') ? only.split(sep).join('/') : null,
    hasMigrations: found.length > 0 || dir !== undefined,
    framework: tool?.framework.name ?? null,
    tool: tool === null ? null : describeTool(tool, relative(cwd, tool.root)),
    versions: serverVersions(versionFiles(cwd, root ?? cwd)),
  };
}

/** The nearest folder upwards with a repository in it. */
function rootAbove(from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return folder;
    if (dirname(folder) === folder) return null;
  }
}

/** Where the server's version may stand, the likeliest first. */
function versionFiles(cwd: string, root: string): { path: string; text: string }[] {
  const compose = ['docker-compose.yml', 'docker-compose.yaml', 'compose.yml', 'compose.yaml'];
  const tools = ['.tool-versions', 'mise.toml', '.mise.toml'];
  const names = [...compose, 'supabase/config.toml', ...tools, ...compose.map((name) => `.devcontainer/${name}`)];
  const here = [...new Set([cwd, root])].flatMap((folder) => names.map((name) => join(folder, name)));
  const workflows = listed(join(root, '.github/workflows')).filter((name) => /\.ya?ml$/.test(name));
  const pipelines = ['.gitlab-ci.yml', ...workflows.map((name) => `.github/workflows/${name}`)];
  return [...here, ...pipelines.map((name) => join(root, name))].flatMap((path) => {
    try {
      return [{ path: relative(cwd, path).split(sep).join('/'), text: readFileSync(path, 'utf8') }];
    } catch {
      // It is not there, or is not ours to read.
      return [];
    }
  });
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
