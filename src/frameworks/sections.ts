/**
 * `-- +goose Up`, `-- migrate:up`, `-- +migrate Down`, `-- Down Migration`: one file for both ways, as goose, dbmate, sql-migrate and
 * node-pg-migrate write it.
 */
const MARK =
  /^[ \t]*--[ \t]*(?:\+(?:goose|migrate)[ \t]+(up|down)|migrate:(up|down)|[- \t]*(up|down)[ \t]+migration)\b.*$/gim;

/**
 * The part of a migration to apply. Down sections become blanks of the same shape, so that every position is still right;
 * a file without marks is returned as it is.
 */
export function upSection(text: string): string {
  return section(text, 'up').text;
}

/** The part of a migration that takes it back, with blanks for the rest; null for a file without one. */
export function downSection(text: string): string | null {
  const { text: down, isMarked } = section(text, 'down');
  return isMarked && down.trim() !== '' ? down : null;
}

function section(text: string, wanted: 'up' | 'down'): { readonly text: string; readonly isMarked: boolean } {
  let result = '';
  let from = 0;
  let current = 'up';
  for (const mark of text.matchAll(MARK)) {
    const part = text.slice(from, mark.index);
    result += current === wanted ? part : blank(part);
    from = mark.index;
    current = (mark[1] ?? mark[2] ?? mark[3])?.toLowerCase() === 'down' ? 'down' : 'up';
  }
  const rest = text.slice(from);
  return { text: result + (current === wanted ? rest : blank(rest)), isMarked: from > 0 || current === 'down' };
}

/** Blanks of the same shape. */
export function blank(part: string): string {
  return part.replaceAll(/[^\r\n]/g, ' ');
}
