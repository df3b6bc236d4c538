import type { Counterpart } from '../lint/find-alias.ts';
import { lex } from '../sql/lexer.ts';

/** A comment of squawk, and where it stands. */
export interface SquawkComment {
  readonly start: number;
  readonly end: number;
  readonly scope: 'statement' | 'file';
  /** None for all. */
  readonly rules: readonly string[];
  /** What its author wrote after the names; empty where nothing. */
  readonly reason: string;
  /** False where more of the statement follows on its line, so that a line comment cannot take its place. */
  readonly replaceable: boolean;
}

/** The comments by which squawk ignores rules: https://squawkhq.com/docs/quick_start#disabling-rules-via-comments */
export function squawkComments(sql: string): SquawkComment[] {
  if (!sql.includes('squawk-ignore')) return [];
  return [...lex(sql)].flatMap(({ kind, start, end }): SquawkComment[] => {
    const text = sql.slice(start, end);
    const match = kind === 'comment' ? COMMENT.exec(text) : null;
    if (match === null) return [];
    const names = (match.groups?.['rules'] ?? '').split(',').map((name) => name.trim());
    return [
      {
        start,
        end,
        scope: match.groups?.['file'] === undefined ? 'statement' : 'file',
        rules: names.filter((name) => name !== ''),
        reason: (match.groups?.['reason'] ?? '').replace(/\s*\*\/$/, '').trim(),
        replaceable: text.startsWith('--') || /^[ \t]*(?:\r?\n|$)/.test(sql.slice(end)),
      },
    ];
  });
}

const COMMENT =
  /^(?:--|\/\*)\s*squawk-ignore(?<file>-file)?(?![\w-])[ \t]*(?<rules>[\w, \t-]*?)\s*(?:--\s*(?<reason>[^\n]*?)\s*)?(?:\*\/)?\s*$/;

/** A comment in tiptoe's words; null where none of its rules has a counterpart that it would accept. */
export function tiptoeComment(
  { scope, rules, reason }: SquawkComment,
  all: readonly Counterpart[],
  /** Rules that report something there, and those that are off. */
  matters: (rule: string) => boolean,
  reported: readonly string[],
): string | null {
  const squawk = all.filter(({ linter }) => linter === 'squawk');
  const named = rules.flatMap((name) => squawk.find((one) => one.name === name)?.rules ?? []);
  const wanted = rules.length === 0 ? reported : named.map(({ name }) => name).filter(matters);
  const names = [...new Set(wanted)];
  if (names.length === 0) return null;
  const command = scope === 'file' ? 'disable-file' : 'disable-next-statement';
  return `-- tiptoe-${command} ${names.join(', ')}: ${reason === '' ? 'accepted before, for squawk' : reason}`;
}
