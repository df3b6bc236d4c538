import { createRequire } from 'node:module';
import { createJiti } from 'jiti';
import { plainData } from '../plain-data.ts';
import { Problem } from '../problem.ts';

/** Runs a file in TypeScript or JavaScript and answers its default export, as plain data. What it imports from `tiptoe` is this very program. */
export async function loadCode({ path, shown }: { readonly path: string; readonly shown: string }): Promise<unknown> {
  const { resolve } = createRequire(import.meta.url);
  const own = Object.fromEntries(['tiptoe/testing', 'tiptoe'].map((name) => [name, resolve(name)]));
  const jiti = createJiti(import.meta.url, { alias: own, fsCache: false });
  // It may wait for what never comes, or end the process itself.
  const ended = (): void => {
    process.stderr.write(`tiptoe: ${shown} ended before it was loaded.\n  Take out what waits forever or exits.\n`);
    process.exitCode = 2;
  };
  process.once('exit', ended);
  try {
    return plainData(withoutDefault(await jiti.import(path, { default: true })));
  } catch (error) {
    throw new Problem(`${shown} cannot be loaded: ${whatIsWrong(error)}.`, {
      advice: 'Correct it; --verbose shows where it was thrown.',
      cause: error,
    });
  } finally {
    process.off('exit', ended);
  }
}

/** A module that exports `undefined` by default is answered whole. */
function withoutDefault(loaded: unknown): unknown {
  const isUndefined =
    typeof loaded === 'object' && loaded !== null && 'default' in loaded && loaded.default === undefined;
  return isUndefined ? undefined : loaded;
}

function whatIsWrong(error: unknown): string {
  if (isNullDefault(error)) return 'its default export, or one that it imports, is null';
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n')[0]?.replace(/\.$/, '') ?? message;
}

/** jiti asks what a module exports by default for `then`, be it null. */
function isNullDefault(error: unknown): boolean {
  if (!(error instanceof TypeError) || !error.message.includes("of null (reading 'then')")) return false;
  return /^\s*at .*[\\/]jiti[\\/]/.test(error.stack?.split('\n')[1] ?? '');
}
