import type { SourceText } from '../sql/source-text.ts';
import type { Range } from '../sql/statement.ts';
import type { Verdict } from './kit.ts';

export const MERGED_EDITED = 'merged-migration-edited';

export interface DeletedFile {
  readonly path: string;
  /** What it was. */
  readonly text: string;
  /** Where the same text lies now. */
  readonly movedTo: string | null;
}

const WHY =
  'A database that has run it does not run it again, so it keeps what the merged text made, and a new database gets something else; a runner that keeps checksums refuses to go on.';

/** What is to be said of a file that differs from what was merged, and the line where it begins to; line ends do not count. */
export function editSince(merged: string | undefined, { text }: SourceText): { verdict: Verdict; range: Range } | null {
  if (merged === undefined || plain(merged) === plain(text)) return null;
  return { verdict: verdict('this migration is merged already, and was edited'), range: firstDifference(merged, text) };
}

export function deletedVerdict({ path, movedTo }: DeletedFile): Verdict {
  const how = movedTo === null ? 'was deleted' : `was renamed to ${movedTo}`;
  return verdict(`${path} is merged already, and ${how}`);
}

function verdict(message: string): Verdict {
  return {
    relations: [],
    message,
    why: WHY,
    instead: 'Put it back as it was, and make the change in a new migration.',
  };
}

/** As the ledger's checksum reads a file. */
function plain(text: string): string {
  return text.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n');
}

/** The first line that is not as it was, or the last one where the text only ends earlier. */
function firstDifference(merged: string, text: string): Range {
  const before = plain(merged).split('\n');
  const lines = text.split('\n');
  const found = lines.findIndex((line, at) => line.replace(/\r$/, '') !== before[at]);
  const at = found === -1 ? lines.length - 1 : found;
  const start = lines.slice(0, at).reduce((sum, { length }) => sum + length + 1, 0);
  const line = lines[at] ?? '';
  const indent = line.length - line.trimStart().length;
  return { start: start + indent, end: start + indent + line.trim().length };
}
