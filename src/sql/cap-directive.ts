import { LONGEST_CAP_MS, parseDuration } from '../duration.ts';
import { directives } from './directives.ts';
import type { Comment, Range } from './statement.ts';

/** `-- tiptoe:cap 20s: reason`: how long this file's transactions may hold locks that block others. */
export type CapDirective =
  | { readonly kind: 'cap'; readonly ms: number; readonly reason: string; readonly range: Range }
  /** It cannot be one, and this says why. */
  | { readonly kind: 'broken'; readonly message: string; readonly instead: string; readonly range: Range };

const INSTEAD = 'Write -- tiptoe:cap 20s: why nobody is hurt by it';

/** The cap that a file asks for; null when it leaves it as it is. */
export function capDirective(comments: readonly Comment[]): CapDirective | null {
  const [first, second] = directives(comments).filter(({ name }) => name === 'cap');
  if (first === undefined) return null;
  const { value, reason, range } = first;
  const ms = parseDuration(value);
  const broken = (message: string, instead = `${INSTEAD}.`, at = range) =>
    ({ kind: 'broken', message, instead, range: at }) as const;
  if (second !== undefined) return broken('tiptoe:cap is there twice', 'Keep one of them.', second.range);
  if (value === '') return broken('tiptoe:cap names no time');
  if (ms === null || ms <= 0) return broken(`tiptoe:cap takes a time such as 20s, not '${value}'`);
  if (ms > LONGEST_CAP_MS) return broken('tiptoe:cap takes at most 24h');
  if (reason === null) return broken('tiptoe:cap needs a reason');
  return { kind: 'cap', ms, reason, range };
}
