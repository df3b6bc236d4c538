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
  let result = '';
  let from = 0;
  let down = false;
  for (const mark of text.matchAll(MARK)) {
    const section = text.slice(from, mark.index);
    result += down ? blank(section) : section;
    from = mark.index;
    down = (mark[1] ?? mark[2] ?? mark[3])?.toLowerCase() === 'down';
  }
  const rest = text.slice(from);
  return result + (down ? blank(rest) : rest);
}

function blank(section: string): string {
  return section.replaceAll(/[^\r\n]/g, ' ');
}
