import type { Range, Script } from '../sql/statement.ts';

/** A comment that says which rule not to report, where and why; one of several rules in a comment. */
export interface Suppression {
  readonly rule: string;
  readonly reason: string;
  /** The comment. */
  readonly range: Range;
  /** Statements that begin here are covered. */
  readonly covers: Range;
}

/** A comment that means to be a suppression but cannot be one. */
export interface BrokenSuppression {
  readonly message: string;
  readonly instead: string;
  readonly range: Range;
}

interface Written {
  readonly command: string;
  readonly rules: readonly string[];
  readonly reason: string;
  readonly range: Range;
}

const COMMENT = /^--\s*tiptoe-([a-z-]+)[ \t]*([^:]*?)[ \t]*(?::[ \t]*(.*?))?[ \t]*$/;
const COMMANDS = ['disable-next-statement', 'disable-file', 'disable', 'enable'];

/** Reads the suppressions of a file. The reason is required. */
export function readSuppressions(script: Script): { suppressions: Suppression[]; broken: BrokenSuppression[] } {
  const suppressions: Suppression[] = [];
  const broken: BrokenSuppression[] = [];
  const comments = script.comments.flatMap(read);
  if (comments.length === 0) return { suppressions, broken };
  const statements = [...script.statements, ...script.faults]
    .map(({ range }) => range)
    .sort((a, b) => a.start - b.start);
  const enables = comments.filter(({ command }) => command === 'enable');
  for (const comment of comments) {
    const { command, rules, reason, range } = comment;
    const problem = problemOf(comment);
    if (problem !== null) broken.push({ ...problem, range });
    if (problem !== null || command === 'enable') continue;
    const file = fileOf(script, range);
    for (const rule of rules) {
      const enabled =
        command === 'disable'
          ? enables.find((other) => isBetween(range, file, other.range) && ends(other, rule))
          : undefined;
      const covers = {
        'disable-file': { start: file.start, end: file.coveredEnd },
        disable: { start: range.end, end: enabled?.range.start ?? file.coveredEnd },
      }[command];
      suppressions.push({ rule, reason, range, covers: covers ?? nextStatement(statements, range, file) });
    }
  }
  return { suppressions, broken };
}

/** The file of a comment: where its text is, and up to where a comment for all of it holds, which is with what the script runs. */
function fileOf({ source }: Script, comment: Range): Range & { readonly coveredEnd: number } {
  const { source: own, start, end } = source.fileAt(comment.start);
  return { start, end: end + 1, coveredEnd: own === source ? source.text.length + 1 : end + 1 };
}

function isBetween(comment: Range, file: Range, other: Range): boolean {
  return other.start > comment.start && other.start < file.end;
}

function read({ text, range }: { text: string; range: Range }): Written[] {
  const match = COMMENT.exec(text);
  if (match === null) return [];
  const rules = (match[2] ?? '').split(',').map((name) => name.trim());
  return [{ command: match[1] ?? '', rules: rules.filter((name) => name !== ''), reason: match[3] ?? '', range }];
}

function problemOf({ command, rules, reason }: Written): { message: string; instead: string } | null {
  if (!COMMANDS.includes(command)) {
    return {
      message: `there is no suppression tiptoe-${command}`,
      instead: `Use tiptoe-${COMMANDS.join(', tiptoe-')}.`,
    };
  }
  if (command === 'enable' || (rules.length > 0 && reason !== '')) return null;
  return {
    message: `the suppression names ${rules.length === 0 ? 'no rule' : 'no reason'}, so it does nothing`,
    instead: `Write: -- tiptoe-${command} RULE: why it is safe here`,
  };
}

/** An enable without rules ends them all. */
function ends({ rules }: Written, rule: string): boolean {
  return rules.length === 0 || rules.includes(rule);
}

/** The statement of its file that a comment stands in or before. */
function nextStatement(statements: readonly Range[], comment: Range, file: Range): Range {
  let low = 0;
  let high = statements.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((statements[middle]?.end ?? 0) <= comment.start) low = middle + 1;
    else high = middle;
  }
  const found = statements[low];
  return found === undefined || found.start >= file.end
    ? { start: comment.end, end: comment.end }
    : { start: found.start, end: found.start + 1 };
}
