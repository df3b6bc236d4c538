/** `-- +goose Up`, `-- +migrate Down`, `-- migrate:up`: one file for both ways, as goose, sql-migrate and dbmate write it. */
const MARK = /^[ \t]*--[ \t]*(?:\+(?:goose|migrate)[ \t]+(up|down)|migrate:(up|down))\b.*$/gim;

/** `-- Down Migration`, as node-pg-migrate writes it. It takes both to have two ways: the words alone are also those of a remark. */
const WORDS = /^[ \t]*--[- \t]*(up|down)[ \t]+migration[ \t]*\r?$/gim;

/** What node-pg-migrate takes for them: https://github.com/salsita/node-pg-migrate/blob/main/src/sqlMigration.ts */
const LOOSE_WORDS = /^[ \t]*--[- \t]*(up|down)[ \t]+migration.*$/gim;

/** Whether `-- Up Migration` and `-- Down Migration` begin sections: never, on lines of their own, or whatever follows on the line. */
export type WordMarks = 'none' | 'alone' | 'any';

/** Whether a file has both ways as node-pg-migrate writes them. */
export function hasWordMarks(text: string): boolean {
  return wordMarks(text, 'alone').length > 0;
}

function wordMarks(text: string, words: WordMarks): RegExpExecArray[] {
  if (words === 'none') return [];
  const marks = [...text.matchAll(words === 'any' ? LOOSE_WORDS : WORDS)];
  return new Set(marks.map(wayOf)).size > 1 ? marks : [];
}

function wayOf(mark: RegExpExecArray): 'up' | 'down' {
  return (mark[1] ?? mark[2])?.toLowerCase() === 'down' ? 'down' : 'up';
}

/**
 * The part of a migration to apply. Down sections become blanks of the same shape, so that every position is still right;
 * a file without marks is returned as it is.
 */
export function upSection(text: string, words: WordMarks = 'alone'): string {
  return section(text, 'up', words).text;
}

/** The part of a migration that takes it back, with blanks for the rest; null for a file without one. */
export function downSection(text: string, words: WordMarks = 'alone'): string | null {
  const { text: down, isMarked } = section(text, 'down', words);
  return isMarked && down.trim() !== '' ? down : null;
}

function section(
  text: string,
  wanted: 'up' | 'down',
  words: WordMarks,
): { readonly text: string; readonly isMarked: boolean } {
  let result = '';
  let from = 0;
  let current = 'up';
  const marks = [...text.matchAll(MARK), ...wordMarks(text, words)].sort((a, b) => a.index - b.index);
  for (const mark of marks) {
    const part = text.slice(from, mark.index);
    result += current === wanted ? part : blank(part);
    from = mark.index;
    current = wayOf(mark);
  }
  const rest = text.slice(from);
  return { text: result + (current === wanted ? rest : blank(rest)), isMarked: from > 0 || current === 'down' };
}

/** Blanks of the same shape. */
export function blank(part: string): string {
  return part.replaceAll(/[^\r\n]/g, ' ');
}
