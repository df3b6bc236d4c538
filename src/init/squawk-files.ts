import type { Counterpart } from '../lint/find-alias.ts';
import type { LintedFile } from '../lint/engine.ts';
import type { Rule } from '../lint/kit.ts';
import { lex } from '../sql/lexer.ts';
import { squawkComments, tiptoeComment } from './squawk-comments.ts';

/** A migration whose comments are put into tiptoe's words. */
export interface Rewritten {
  readonly path: string;
  readonly text: string;
  /** In one line each, what else became of a comment. */
  readonly told: readonly string[];
}

/**
 * Rewrites squawk's comments in migrations. A suppression that accepts nothing would be a finding itself, so one names the rules that report
 * something there, and those that are off; where there is none, the comment goes.
 */
export function rewriteSquawkComments(
  files: readonly LintedFile[],
  all: readonly Counterpart[],
  isOff: (rule: Rule) => boolean,
): Rewritten[] {
  const off = new Set(all.flatMap(({ rules }) => rules.filter(isOff).map(({ name }) => name)));
  return files.flatMap((file) => {
    const { text, path } = file.script.source;
    const told: string[] = [];
    let result = '';
    let at = 0;
    for (const comment of squawkComments(text)) {
      const { line } = file.script.source.position(comment.start);
      const place = `${path}:${line}`;
      const reported = reportedAt(file, comment);
      for (const name of comment.rules) {
        const found = all.find((one) => one.linter === 'squawk' && one.name === name);
        if (found === undefined) told.push(`${place}: squawk has no rule '${name}' that tiptoe knows.`);
        else if (found.reason !== null) told.push(`${place}: ${name} has no counterpart. ${found.reason}`);
      }
      if (!comment.replaceable) {
        told.push(`${place}: more of the line follows, so the comment is left as it is.`);
        continue;
      }
      const words = tiptoeComment(comment, all, (rule) => off.has(rule) || reported.includes(rule), reported);
      if (words === null) told.push(`${place}: nothing is reported there, so the comment goes.`);
      const end = words === null ? endOfLine(text, comment) : comment.end;
      const start = words === null && end > comment.end ? startOfLine(text, comment.start) : comment.start;
      result += text.slice(at, start) + (words ?? '');
      at = end;
    }
    return at === 0 && told.length === 0 ? [] : [{ path, text: result + text.slice(at), told }];
  });
}

/** The rules that report something of the statement that a comment stands in or before, or of the file. */
function reportedAt(
  { script, findings }: LintedFile,
  { scope, end }: { readonly scope: string; readonly end: number },
): string[] {
  if (scope === 'file') return [...new Set(findings.map(({ rule }) => rule))];
  const start = statementAt(script.source.text, end);
  return findings.flatMap(({ rule, anchor }) => (anchor === start ? [rule] : []));
}

/** Where the statement begins that an offset lies in or before; null after the last one. */
function statementAt(sql: string, offset: number): number | null {
  let start: number | null = null;
  for (const token of lex(sql)) {
    if (token.kind === 'comment') continue;
    if (token.kind !== 'semicolon') start ??= token.start;
    if (token.end <= offset) {
      if (token.kind === 'semicolon') start = null;
    } else if (start !== null) return start;
  }
  return null;
}

/** Where a comment has its line to itself, the line goes with it. */
function endOfLine(text: string, { start, end }: { readonly start: number; readonly end: number }): number {
  const isAlone = /^[ \t]*$/.test(text.slice(startOfLine(text, start), start));
  const rest = /^[ \t]*(?:\r?\n|$)/.exec(text.slice(end));
  return isAlone && rest !== null ? end + rest[0].length : end;
}

function startOfLine(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}
