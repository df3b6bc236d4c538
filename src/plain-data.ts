/**
 * A copy of what code gave: getters and proxies are asked once, here, and answer nothing new later. Functions stay what they are. Throws what
 * they throw, and where something holds itself.
 */
export function plainData(given: unknown): unknown {
  return copy(given, new Map());
}

/** `made` has null for what is being copied. */
function copy(given: unknown, made: Map<object, object | null>): unknown {
  if (typeof given !== 'object' || given === null) return given;
  const before = made.get(given);
  if (before === null) throw new TypeError('it holds itself');
  if (before !== undefined) return before;
  made.set(given, null);
  const copied = Array.isArray(given)
    ? Array.from(given as unknown[], (item) => copy(item, made))
    : Object.fromEntries(Object.entries(given).map(([key, value]) => [key, copy(value, made)]));
  made.set(given, copied);
  return copied;
}
