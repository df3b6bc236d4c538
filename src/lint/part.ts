import type { Catalog } from '../catalog/catalog.ts';
import { codeOf } from '../catalog/code.ts';
import type { Within } from '../effects/run-code.ts';
import type { Action } from '../sql/action.ts';
import type { Code } from '../sql/code.ts';
import type { Range, Script, Statement } from '../sql/statement.ts';
import type { Place } from './place.ts';

/** Where a statement in the body of a DO block stands in the file; the whole DO block where that cannot be told. */
export function partOf({ source }: Script, { action, range, text }: Statement, { outermost }: Within): Range {
  if (action.kind !== 'do') return range;
  const body = text.indexOf(action.body);
  const written = source.text.slice(range.start, range.end);
  // In quotes with escapes, the body is not what stands in the file.
  if (body === -1) return range;
  // With something filled in, the lines may still be the same.
  if (written !== text) return sameLine(written, text, lineOf(text, body) + outermost.line - 1, range);
  const start = lineStart(action.body, outermost.line);
  if (start === null) return range;
  const at = action.body.indexOf(outermost.text, start);
  const line = /.*/.exec(action.body.slice(start))?.[0] ?? '';
  const found = at !== -1 && at <= start + line.length ? { from: at, length: outermost.text.length } : null;
  const indent = line.length - line.trimStart().length;
  const { from, length } = found ?? { from: start + indent, length: line.trim().length };
  return { start: range.start + body + from, end: range.start + body + from + length };
}

function sameLine(written: string, text: string, number: number, range: Range): Range {
  const start = lineOf(written, written.length) === lineOf(text, text.length) ? lineStart(written, number) : null;
  if (start === null) return range;
  const line = /.*/.exec(written.slice(start))?.[0] ?? '';
  const from = range.start + start + line.length - line.trimStart().length;
  return { start: from, end: from + line.trim().length };
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function lineStart(text: string, line: number): number | null {
  let start = 0;
  for (let number = 1; number < line; number += 1) {
    const next = text.indexOf('\n', start);
    if (next === -1) return null;
    start = next + 1;
  }
  return start;
}

/** Where a statement that code runs stands among all that the file does: the code in place of the statement that runs it. */
export function insideOf(catalog: Catalog, statement: Action, place: Place): (action: Action) => Place {
  if (codeOf(catalog, statement).length === 0) return () => place;
  const inner = stepsOf(catalog, statement, new Set());
  const { actions, at, directives } = place;
  const all = [...actions.slice(0, at), ...inner, ...actions.slice(at + 1)];
  return (action) => {
    const own = at + Math.max(0, inner.indexOf(action));
    const placed = directives.map((directive) => {
      if (directive.at < at) return directive;
      return { ...directive, at: directive.at === at ? own : directive.at + inner.length - 1 };
    });
    return { actions: all, at: own, directives: placed };
  };
}

function stepsOf(catalog: Catalog, statement: Action, entered: Set<Code>): Action[] {
  return codeOf(catalog, statement).flatMap(({ code }) => {
    if (code.kind === 'unreadable' || entered.has(code)) return [];
    entered.add(code);
    return code.steps.flatMap(({ action }) => [action, ...stepsOf(catalog, action, entered)]);
  });
}

/** A sentence for the reason of a finding. */
export function whereabouts({ line, of }: Within): string {
  return `It is in line ${line} of ${of}.`;
}
