import type { Node } from '../libpg.ts';

/**
 * Calls `visit` with the type and fields of every node below and including `root`, parents first; `false` leaves out what is below. It keeps
 * its own stack: a generated expression can be deeper than JavaScript's.
 */
export function walk(root: unknown, visit: (type: string, node: Node) => boolean | undefined | void): void {
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== 'object' || value === null) continue;
    const below: unknown[] = [];
    for (const [key, inner] of Object.entries(value)) {
      if (typeof inner !== 'object' || inner === null) continue;
      // Nodes are wrapped in an object with their type as its only, capitalised key; fields are lower case, and lists have numbers.
      if (/^[A-Z]/.test(key) && !Array.isArray(inner) && visit(key, value as Node) === false) continue;
      below.push(inner);
    }
    pending.push(...below.reverse());
  }
}
