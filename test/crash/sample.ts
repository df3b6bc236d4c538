import { random } from '../support/random.ts';
import { boundaryKind, type Pair } from './pairs.ts';

/** Of every kind of file, fault and kind of boundary one pair, drawn by the seed. */
export function samplePairs(pairs: readonly Pair[], seed: number): Pair[] {
  const groups = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const key = `${pair.kind.name} ${pair.fault} ${boundaryKind(pair.boundary)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [pair]);
    else group.push(pair);
  }
  const draw = random(seed);
  return [...groups.values()].flatMap((group) => group[Math.floor(draw() * group.length)] ?? []);
}
