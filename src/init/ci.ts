import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { githubWorkflow, gitHook, gitlabJob, gitlabPipeline, preCommitEntry, type Setting } from './templates.ts';

/** A file for the repository, by its path from the root. */
export interface RepositoryFile {
  readonly path: string;
  readonly text: string;
  readonly executable?: true;
}

/** Files for a CI or a hook, and what a person has to do so that they are run. */
export interface Wiring {
  readonly files: readonly RepositoryFile[];
  readonly next: readonly string[];
}

export type Ci = 'github' | 'gitlab';

/** The CI that a repository looks like; GitHub where nothing tells. */
export function ciOf(root: string, remote: string): Ci[] {
  const gitlab = existsSync(join(root, '.gitlab-ci.yml')) || /gitlab/i.test(remote);
  const github = existsSync(join(root, '.github')) || /github/i.test(remote);
  return [...(github || !gitlab ? ['github' as const] : []), ...(gitlab ? ['gitlab' as const] : [])];
}

export function ciWiring(ci: Ci, root: string, setting: Setting): Wiring {
  if (ci === 'github') {
    return { files: [{ path: '.github/workflows/tiptoe.yml', text: githubWorkflow(setting) }], next: [] };
  }
  const job = '.gitlab/tiptoe.yml';
  const files = [{ path: job, text: gitlabJob(setting) }];
  const pipeline = '.gitlab-ci.yml';
  const isOurs = !existsSync(join(root, pipeline));
  return isOurs
    ? { files: [...files, { path: pipeline, text: gitlabPipeline(`/${job}`) }], next: [] }
    : { files, next: [`take the job into ${pipeline}:\n\n${indented(gitlabPipeline(`/${job}`))}`] };
}

/**
 * Where the repository's hooks are: those of pre-commit and husky are their own, else git's. `hooks` is the folder that git runs them from,
 * from the root; null where that is not for this repository alone.
 */
export function hookWiring(root: string, hooks: string | null, setting: Setting): Wiring {
  const preCommit = '.pre-commit-config.yaml';
  if (existsSync(join(root, preCommit))) {
    return { files: [], next: [`add the hook to ${preCommit}, under repos:\n\n${indented(preCommitEntry(setting))}`] };
  }
  const folder = existsSync(join(root, '.husky')) ? '.husky' : hooks;
  if (folder === null)
    return {
      files: [],
      next: ['the hooks of git are elsewhere (core.hooksPath): run tiptoe lint --since HEAD from there.'],
    };
  return { files: [{ path: `${folder}/pre-commit`, text: gitHook(setting), executable: true }], next: [] };
}

function indented(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}
