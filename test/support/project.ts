import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runTiptoe, type TiptoeResult } from './cli.ts';

export interface Project {
  readonly cwd: string;
  readonly write: (files: Readonly<Record<string, string>>) => Promise<void>;
  readonly remove: (name: string) => Promise<void>;
  /** Runs a command of tiptoe there, on its own schema of the server. */
  readonly tiptoe: (command: string, ...args: string[]) => Promise<TiptoeResult>;
  /** The same as another role. */
  readonly tiptoeAs: (url: string, command: string, ...args: string[]) => Promise<TiptoeResult>;
}

/** A folder with a `migrations` folder in it, for a database. */
export async function makeProject(
  folder: string,
  url: string,
  schema: string,
  files: Readonly<Record<string, string>>,
): Promise<Project> {
  const cwd = await mkdtemp(join(folder, 'project-'));
  await mkdir(join(cwd, 'migrations'));
  const project: Project = {
    cwd,
    write: async (files) => {
      for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, 'migrations', name), text);
    },
    remove: (name) => rm(join(cwd, 'migrations', name)),
    tiptoe: (command, ...args) => project.tiptoeAs(url, command, ...args),
    tiptoeAs: (url, command, ...args) =>
      runTiptoe([command, '--schema', schema, ...args], { cwd, env: { DATABASE_URL: url } }),
  };
  await project.write(files);
  return project;
}
