import { capDirective } from '../sql/cap-directive.ts';
import { directives, DIRECTIVES } from '../sql/directives.ts';
import type { Comment, Range } from '../sql/statement.ts';
import type { Verdict } from './kit.ts';

/** `-- tiptoe:NAME`, and what was probably meant as one: another case, a space after the colon. */
const MEANT = /^--\s*tiptoe:(\s*)([\w-]+)/i;

/** Comments that mean to instruct tiptoe and do not. */
export function brokenDirectives(comments: readonly Comment[]): { verdict: Verdict; range: Range }[] {
  const meant = comments.filter(({ text }) => MEANT.test(text));
  const cap = capDirective(meant);
  return meant.flatMap((comment) => {
    const { range } = comment;
    const ofCap = cap?.kind === 'broken' && cap.range.start === range.start ? broken(cap.message, cap.instead) : null;
    const verdict = unknown(comment) ?? nameless(comment) ?? ofCap;
    return verdict === null ? [] : [{ verdict, range }];
  });
}

function unknown(comment: Comment): Verdict | null {
  const [, space, name] = MEANT.exec(comment.text) ?? [];
  if (name === undefined) return null;
  const [read] = directives([comment]);
  if (read !== undefined && DIRECTIVES.includes(read.name)) return null;
  const meant = name.toLowerCase();
  const known = DIRECTIVES.includes(meant);
  // A sentence that begins with our name is no directive.
  if (space !== '' && !known) return null;
  return broken(
    `there is no directive 'tiptoe:${space}${name}'`,
    known
      ? `Write -- tiptoe:${meant}, in lower case and without a space.`
      : `Use one of ${DIRECTIVES.map((one) => `tiptoe:${one}`).join(', ')}, or write the comment without tiptoe: in front.`,
  );
}

function nameless(comment: Comment): Verdict | null {
  const [read] = directives([comment]);
  if (read?.name !== 'requires' || read.value.split(',').every((name) => name.trim() !== '')) return null;
  return broken(
    'tiptoe:requires names no migration and no backfill',
    'Write -- tiptoe:requires NAME, with the name as tiptoe status shows it, or remove the comment.',
  );
}

function broken(message: string, instead: string): Verdict {
  return { relations: [], message, why: 'It does nothing, though its author thinks it does.', instead };
}
