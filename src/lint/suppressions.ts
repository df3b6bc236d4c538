import type { Range, Script } from '../sql/statement.ts';

/** A comment that says which rules not to report, where and why. */
export interface Suppression {
  readonly rules: readonly string[];
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

const COMMENT =
  /^--\s*tiptoe-(disable-next-statement|disable-file|disable|enable)\b[ \t]*([^:]*?)[ \t]*(?::[ \t]*(.*?))?[ \t]*$/;

/** Reads the suppressions of a file. The reason is required. */
export function readSuppressions(script: Script): { suppressions: Suppression[]; broken: BrokenSuppression[] } {
  const suppressions: Suppression[] = [];
  const broken: BrokenSuppression[] = [];
  const starts = [...script.statements, ...script.faults].map(({ range }) => range).sort((a, b) => a.start - b.start);
  const whole = { start: 0, end: script.source.text.length + 1 };
  const comments = script.comments.flatMap(({ text, range }) => {
    const match = COMMENT.exec(text);
    return match === null
      ? []
      : [{ command: match[1] ?? '', rules: names(match[2] ?? ''), reason: match[3] ?? '', range }];
  });
  for (const { command, rules, reason, range } of comments) {
    if (command === 'enable') continue;
    if (rules.length === 0 || reason === '') {
      const missing = rules.length === 0 ? 'no rule' : 'no reason';
      broken.push({
        message: `the suppression names ${missing}, so it does nothing`,
        instead: `Write: -- tiptoe-${command} RULE: why it is safe here`,
        range,
      });
      continue;
    }
    const next = starts.find(({ start }) => start >= range.end);
    const enabled = comments.find(
      (other) =>
        other.command === 'enable' &&
        other.range.start > range.start &&
        other.rules.some((rule) => rules.includes(rule)),
    );
    const covers =
      command === 'disable-file'
        ? whole
        : command === 'disable'
          ? { start: range.end, end: enabled?.range.start ?? whole.end }
          : { start: range.end, end: next === undefined ? range.end : next.start + 1 };
    suppressions.push({ rules, reason, range, covers });
  }
  return { suppressions, broken };
}

function names(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
