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

/** Numbers from 0 to below 1, always the same ones for a seed: mulberry32. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
