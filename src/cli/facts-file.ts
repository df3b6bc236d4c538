import { readFile } from 'node:fs/promises';
import { readFactsText } from '../lint/facts-document.ts';
import type { Snapshot } from '../lint/snapshot.ts';
import { Problem } from '../problem.ts';
import { whyUnreadable } from './unreadable.ts';

/** Reads what `tiptoe snapshot` wrote. */
export async function readFactsFile(path: string): Promise<Snapshot> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new Problem(`cannot read the facts ${path}: ${whyUnreadable(error)}.`, {
      advice: 'Take them: tiptoe snapshot > facts.json',
      cause: error,
    });
  });
  return readFactsText(text, path);
}
