import { expect, test } from 'vitest';
import { kindsFor, mountDisk, openBench, recordAll, runPairs } from './harness.ts';
import { describePair, FAULTS, listPairs, type Pair } from './pairs.ts';
import type { Verdict } from './run-pair.ts';
import { samplePairs } from './sample.ts';

/**
 * Every fault at every boundary of every kind of file. The list comes from what undisturbed runs ask of the server; by default a sample of it
 * is run, which TIPTOE_SEED draws; TIPTOE_CRASH=all runs the whole list. TIPTOE_CRASH_ONLY is a pattern for what a pair is called.
 */
const SEED = Number(process.env['TIPTOE_SEED'] ?? 20261122);
const ALL = process.env['TIPTOE_CRASH'] === 'all';
const ONLY = new RegExp(process.env['TIPTOE_CRASH_ONLY'] ?? '');
const VERSION = Number(process.env['TIPTOE_TEST_PG_VERSION'] ?? 18);
/** So many pairs are generated at least for each kind of file. */
const LEAST = 20;

test('after any fault at any boundary, running again leaves all as if nothing had happened', async () => {
  const started = performance.now();
  const bench = await openBench(VERSION);
  const disk = await mountDisk();
  try {
    const kinds = kindsFor(VERSION);
    const expected = await recordAll(bench, kinds);
    const list = listPairs([...expected.values()]);
    const sample = ALL ? list : samplePairs(list, SEED);
    const wanted = sample.filter((pair) => ONLY.test(describePair(pair)));
    console.log(table(list, wanted));
    console.log(
      `${list.length} pairs of a boundary and a fault${ALL ? '' : `, of which TIPTOE_SEED=${SEED} draws ${sample.length}; TIPTOE_CRASH=all runs all`}.`,
    );
    for (const kind of kinds)
      expect(list.filter((pair) => pair.kind === kind).length, kind.name).toBeGreaterThanOrEqual(LEAST);
    for (const fault of FAULTS)
      expect(new Set(list.filter((pair) => pair.fault === fault).map(({ kind }) => kind)), fault).toEqual(
        new Set(kinds),
      );

    if (disk === null)
      console.log(
        'DISK FULL IS NOT TRIED: a small disk of memory cannot be mounted here; that takes a privileged root.',
      );
    const possible = wanted.filter(({ fault }) => disk !== null || fault !== 'disk-full');
    const wrong: string[] = [];
    let ran = 0;
    let missed = 0;
    await runPairs(bench, disk?.path ?? null, possible, expected, (verdict) => {
      ran += 1;
      if (!verdict.reached) missed += 1;
      if (!verdict.reached) console.log(`not reached: ${describePair(verdict.pair)}`);
      const told = tellWrong(verdict);
      if (told === null) return;
      wrong.push(told);
      console.log(told);
    });
    const seconds = Math.round((performance.now() - started) / 1000);
    console.log(
      `${ran} pairs run in ${seconds} s: ${wrong.length} wrong; ${missed} came to their end before the boundary.`,
    );
    expect(wrong).toEqual([]);
    expect(ran).toBe(possible.length);
    // What a run asks may come in another order on a busy machine, rarely.
    expect(missed).toBeLessThanOrEqual(ran / 50);
  } finally {
    await bench.stop();
    await disk?.unmount();
  }
});

function tellWrong({ pair, wrong }: Verdict): string | null {
  return wrong === null ? null : `${describePair(pair)}: ${wrong}`;
}

/** How many pairs there are, and how many of them are run, by kind of file and fault. */
function table(list: readonly Pair[], run: readonly Pair[]): string {
  const of = (pairs: readonly Pair[], kind: string, fault: string) =>
    pairs.filter((pair) => (kind === 'all' || pair.kind.name === kind) && (fault === 'all' || pair.fault === fault))
      .length;
  const names = [...new Set(list.map(({ kind }) => kind.name)), 'all'];
  const width = Math.max(...names.map(({ length }) => length));
  const head = ['', ...FAULTS, 'all'];
  const rows = names.map((name) => [
    name,
    ...[...FAULTS, 'all'].map((fault) => `${of(run, name, fault)}/${of(list, name, fault)}`),
  ]);
  return [head, ...rows]
    .map(([name = '', ...cells]) => `${name.padEnd(width)} ${cells.map((cell) => cell.padStart(18)).join('')}`)
    .join('\n');
}
