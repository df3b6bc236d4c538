import type { Name } from './action.ts';
import type { Node } from './libpg.ts';
import { visit } from './tree.ts';

/** The functions that are called by name in an expression; what is called `except` is not entered. */
export function calledFunctions(node: unknown, except?: string): Name[] {
  const functions: Name[] = [];
  const enter = (name: string, value: unknown): void => {
    if (name !== 'FuncCall') return;
    const { funcname = [] } = value as { funcname?: Node[] };
    const parts = funcname.flatMap((part) => ('String' in part ? (part.String.sval ?? []) : []));
    functions.push({ schema: parts.at(-2) ?? null, name: parts.at(-1) ?? '' });
  };
  visit(node, enter, except);
  return functions;
}
