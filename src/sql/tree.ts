/**
 * Walks a parse tree and calls `enter` with the name of each node (`ColumnRef`) and field (`whereClause`) and its value. What is
 * called `except` is neither entered nor walked.
 */
export function visit(node: unknown, enter: (name: string, value: unknown) => void, except?: string): void {
  if (Array.isArray(node)) {
    for (const item of node) visit(item, enter, except);
  } else if (typeof node === 'object' && node !== null) {
    for (const [name, value] of Object.entries(node)) {
      if (name === except) continue;
      enter(name, value);
      visit(value, enter, except);
    }
  }
}

const POSITION = /(?:^|_)(?:location|len|start|end)$/;

/** A tree as text without its positions: two trees mean the same SQL when these are equal. */
export function fingerprint(node: unknown): string {
  return JSON.stringify(node, (name, value: unknown) => {
    if (POSITION.test(name)) return undefined;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
