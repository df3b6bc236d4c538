import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { Problem } from '../problem.ts';

/** A file to write. */
export interface Proposal {
  readonly path: string;
  /** From the working directory, as a person would write it. */
  readonly shown: string;
  readonly text: string;
  readonly executable?: boolean;
  /** A file of the user's that is changed in places, and not one that `init` makes. */
  readonly edits?: true;
}

/** What is there now; null for nothing. Throws a Problem for what cannot be read or is no file. */
export function contentNow({ path, shown }: Proposal): string | null {
  try {
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return null;
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw notWritten(shown, error);
  }
}

/** Throws a Problem for a file that could not be written; nothing is written to find out. */
export function checkWritable({ path, shown }: Proposal): void {
  try {
    let place = path;
    while (!existsSync(place)) place = dirname(place);
    accessSync(place, constants.W_OK);
    if (place !== path && !lstatSync(place).isDirectory() && !lstatSync(place).isSymbolicLink()) {
      throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
    }
  } catch (error) {
    throw notWritten(shown, error);
  }
}

export function writeProposal({ path, shown, text, executable }: Proposal): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    if (executable === true) chmodSync(path, 0o755);
  } catch (error) {
    throw notWritten(shown, error);
  }
}

function notWritten(shown: string, error: unknown): Problem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const why =
    {
      EACCES: 'permission denied',
      EPERM: 'permission denied',
      EROFS: 'the file system is read-only',
      ENOTDIR: 'a folder on its way is a file',
      EEXIST: 'a folder on its way is a file',
      EISDIR: 'it is a folder',
      ENOSPC: 'the disk is full',
    }[code] ?? code;
  return new Problem(`${shown} cannot be written: ${why}.`, {
    advice: 'Check the permissions, or run tiptoe init --dry-run to see the files and write them yourself.',
    cause: error,
  });
}
