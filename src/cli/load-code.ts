import { createRequire } from 'node:module';
import { createJiti } from 'jiti';
import { Problem } from '../problem.ts';

/** Runs a file in TypeScript or JavaScript and answers its default export. What it imports from `tiptoe` is this very program. */
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
    return await jiti.import(path, { default: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Problem(`${shown} cannot be loaded: ${message.split('\n')[0]?.replace(/\.$/, '')}.`, {
      advice: 'Correct it; --verbose shows where it was thrown.',
      cause: error,
    });
  } finally {
    process.off('exit', ended);
  }
}
