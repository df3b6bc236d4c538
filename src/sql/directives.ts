import type { Comment, Range } from './statement.ts';

/** An instruction to tiptoe in a line comment: `-- tiptoe:NAME VALUE: REASON`. */
export interface Directive {
  readonly name: string;
  readonly value: string;
  readonly reason: string | null;
  readonly range: Range;
}

/** All there are. */
export const DIRECTIVES: readonly string[] = [
  'backfill',
  'cap',
  'does-not-require',
  'requires',
  'transaction',
  'writes',
];

const DIRECTIVE = /^--\s*tiptoe:([a-z-]+)(?:\s+([^:]*?))?\s*(?::\s*(.*?))?\s*$/;

export function directives(comments: readonly Comment[]): Directive[] {
  return comments.flatMap(({ text, range }) => {
    const match = DIRECTIVE.exec(text);
    if (match?.[1] === undefined) return [];
    const reason = match[3] ?? '';
    return [{ name: match[1], value: match[2] ?? '', reason: reason === '' ? null : reason, range }];
  });
}
