import type { Node } from '../libpg.ts';

/** Calls `visit` with the type and fields of every node below and including `root`, parents first; `false` leaves out what is below. */
export function walk(root: unknown, visit: (type: string, node: Node) => boolean | undefined | void): void {
  if (Array.isArray(root)) {
    for (const item of root) walk(item, visit);
    return;
  }
  if (typeof root !== 'object' || root === null) return;
  for (const [key, value] of Object.entries(root)) {
    if (typeof value !== 'object' || value === null) continue;
    // Nodes are wrapped in an object with their type as its only, capitalised key; fields are lower case.
    if (/^[A-Z]/.test(key) && !Array.isArray(value)) {
      if (visit(key, root as Node) === false) continue;
    }
    walk(value, visit);
  }
}
