import { distance } from 'fastest-levenshtein';

/** The name that was probably meant, or null where none is near. */
export function closest(given: string, names: readonly string[]): string | null {
  const [best] = names.map((name) => ({ name, away: distance(given, name) })).sort((a, b) => a.away - b.away);
  return best !== undefined && best.away <= Math.max(2, given.length / 3) ? best.name : null;
}
