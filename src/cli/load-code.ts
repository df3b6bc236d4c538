import { createJiti } from 'jiti';
import { Problem } from '../problem.ts';

/** Runs a file in TypeScript or JavaScript and answers its default export. */
export async function loadCode({ path, shown }: { readonly path: string; readonly shown: string }): Promise<unknown> {
  const jiti = createJiti(import.meta.url, { fsCache: false });
  try {
    return await jiti.import(path, { default: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Problem(`${shown} cannot be loaded: ${message.split('\n')[0]?.replace(/\.$/, '')}.`, {
      advice: 'Correct it; --verbose shows where it was thrown.',
      cause: error,
    });
  }
}
