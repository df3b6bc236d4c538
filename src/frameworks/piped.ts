import { blank } from './sections.ts';

/** A line of Elixir's Logger, maybe in colours: `10:00:00.000 [info] …`. */
const LOGGED = /^\s*(?:\u001B\[[\d;]*m)*\d\d:\d\d:\d\d\.\d{3} (?:[\w.]+=\S+ )*(?:\u001B\[[\d;]*m)*\[[a-z]+\]/;
const QUERY = /\] +QUERY (?:OK|ERROR)\b/;
/** Where in the code a query was made. */
const STACK = /^(?:\u001B\[[\d;]*m)*\s*(?:↳|│|└)/;
/** What Alembic logs, which goes to standard error where nobody brings it in. */
const ALEMBIC = /^[A-Z]{4,8} +\[alembic(?:\.\w+)*\] /;

/**
 * SQL as migration tools print it, with blanks for what they log beside it, so that positions stay right. Null for a log of Ecto that has no SQL in
 * it. https://github.com/elixir-ecto/ecto_sql/blob/master/lib/ecto/adapters/sql.ex
 */
export function sqlOfOutput(text: string): string | null {
  const lines = text.split('\n');
  if (lines.some((line) => LOGGED.test(line) && QUERY.test(line))) return ofEcto(lines).join('\n');
  const first = lines.find((line) => line.trim() !== '') ?? '';
  if (LOGGED.test(first)) return null;
  return lines.map((line) => (ALEMBIC.test(line) ? blank(line) : line)).join('\n');
}

function ofEcto(lines: readonly string[]): string[] {
  let isSql = false;
  return lines.map((line, at) => {
    if (LOGGED.test(line)) {
      isSql = QUERY.test(line);
      return blank(line);
    }
    const plain = line.replaceAll(/\u001B\[[\d;]*m/g, blank);
    const parameters = isSql && isLast(lines, at) ? parametersAt(plain) : -1;
    if (parameters === -1) return isSql ? plain : blank(line);
    isSql = false;
    return `${plain.slice(0, parameters)};${blank(plain.slice(parameters + 1))}`;
  });
}

/** Whether a line is the last one of what was logged. */
function isLast(lines: readonly string[], at: number): boolean {
  const next = lines[at + 1] ?? '';
  return next.trim() === '' || LOGGED.test(next) || STACK.test(next);
}

/** Where the list of a query's parameters begins, which ends with the line; -1 where there is none. */
function parametersAt(line: string): number {
  const end = line.trimEnd().length;
  if (line[end - 1] !== ']') return -1;
  let depth = 0;
  for (let at = end - 1; at >= 0; at -= 1) {
    if (line[at] === ']') depth += 1;
    else if (line[at] === '[') depth -= 1;
    if (depth === 0) return line[at - 1] === ' ' ? at - 1 : -1;
  }
  return line.lastIndexOf(' [');
}
