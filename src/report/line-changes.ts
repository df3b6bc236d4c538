import { printable } from './printable.ts';
import type { Style } from './style.ts';

/** The lines that differ, between those that both texts begin and end with, with line numbers of the old text. */
export function lineChanges(before: string, after: string, style: Style): string[] {
  const old = before.split('\n');
  const now = after.split('\n');
  if (old.length === now.length) {
    return old.flatMap((line, at) =>
      line === now[at] ? [] : [taken(line, at, style), added(now[at] ?? '', at, style)],
    );
  }
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  while (end < Math.min(old.length, now.length) - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  return [
    ...old.slice(start, old.length - end).map((line, at) => taken(line, start + at, style)),
    ...now.slice(start, now.length - end).map((line, at) => added(line, start + at, style)),
  ];
}

function taken(line: string, at: number, style: Style): string {
  return style.red(`${String(at + 1).padStart(4)} - ${printable(line)}`);
}

function added(line: string, at: number, style: Style): string {
  return style.green(`${String(at + 1).padStart(4)} + ${printable(line)}`);
}
