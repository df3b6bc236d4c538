import type { Catalog } from './catalog.ts';
import { NameMap } from './name-map.ts';
import { RelationMap } from './relation-map.ts';

/** A catalog of its own with the same content: what changes in one stays out of the other. It has nothing to go back to. */
export function copyCatalog(catalog: Catalog): Catalog {
  return copyGraph({ ...catalog, savepoints: null });
}

/** Relations point at each other in circles, and in chains that are longer than a stack is deep. */
function copyGraph<T>(root: T): T {
  const copies = new Map<object, object>();
  const pending: (() => void)[] = [];
  const copyOf = <V>(value: V): V => {
    if (typeof value !== 'object' || value === null) return value;
    const known = copies.get(value);
    if (known !== undefined) return known as V;
    const copy = shellOf(value);
    copies.set(value, copy);
    pending.push(() => fill(value, copy, copyOf));
    return copy as V;
  };
  const copy = copyOf(root);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) next();
  return copy;
}

function shellOf(value: object): object {
  if (value instanceof RelationMap) return new RelationMap();
  if (value instanceof NameMap) return new NameMap();
  if (value instanceof Map) return new Map();
  if (value instanceof Set) return new Set();
  return Array.isArray(value) ? [] : {};
}

function fill(value: object, copy: object, copyOf: <V>(value: V) => V): void {
  if (value instanceof Map && copy instanceof Map) {
    for (const [key, item] of value as ReadonlyMap<unknown, unknown>) copy.set(copyOf(key), copyOf(item));
  } else if (value instanceof Set && copy instanceof Set) {
    for (const item of value as ReadonlySet<unknown>) copy.add(copyOf(item));
  } else if (Array.isArray(value) && Array.isArray(copy)) {
    for (const item of value as readonly unknown[]) copy.push(copyOf(item));
  } else {
    for (const [key, item] of Object.entries(value)) Reflect.set(copy, key, copyOf(item));
  }
}
