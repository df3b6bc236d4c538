import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { Problem } from '../problem.ts';

/** The nearest `.squawk.toml` upwards, at most at the root; null where there is none. */
export function readSquawkToml(
  cwd: string,
  root: string | null,
): { readonly shown: string; readonly content: Readonly<Record<string, unknown>> } | null {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const path = join(folder, '.squawk.toml');
    if (existsSync(path)) {
      const shown = relative(cwd, path).split(sep).join('/');
      return { shown, content: readToml(path, shown) };
    }
    if (folder === root || dirname(folder) === folder) return null;
  }
}

function readToml(path: string, shown: string): Readonly<Record<string, unknown>> {
  try {
    return parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''));
  } catch (error) {
    if (error instanceof TomlError) {
      const [reason = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
      throw new Problem(`${shown}:${error.line}: it is not TOML: ${reason}.`, {
        advice: 'Correct the file.',
        cause: error,
      });
    }
    throw new Problem(`${shown} cannot be read.`, { advice: 'Check its permissions.', cause: error });
  }
}
