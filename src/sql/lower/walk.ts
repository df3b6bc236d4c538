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
    if (Array.isArray(value)) {
      for (let at = value.length - 1; at >= 0; at -= 1) pending.push(value[at]);
      continue;
    }
    const below = pending.length;
    const fields = value as Readonly<Record<string, unknown>>;
    // The trees come from JSON, so that nothing is inherited; for…in makes no array for each of their many small objects.
    for (const key in fields) {
      const inner = fields[key];
      if (typeof inner !== 'object' || inner === null) continue;
      // Nodes are wrapped in an object with their type as its only, capitalised key; fields are lower case.
      if (isNodeType(key) && !Array.isArray(inner)) {
        // Below a constant there are no nodes.
        if (visit(key, value as Node) === false || key === 'A_Const') continue;
      }
      pending.push(inner);
    }
    reverseFrom(pending, below);
  }
}

export function isNodeType(key: string): boolean {
  const code = key.charCodeAt(0);
  return code >= 65 && code <= 90;
}

export function reverseFrom(list: unknown[], from: number): void {
  for (let low = from, high = list.length - 1; low < high; low += 1, high -= 1)
    [list[low], list[high]] = [list[high], list[low]];
}
