/**
 * How long `tiptoe lint` takes for 2,000 files, against squawk's native binary on the same files, and how that grows with the number of
 * files and of statements.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeHistory, writeScript } from './corpus.js';
import { judge, medians } from './measure.js';
import { squawk } from './squawk.js';

const ROUNDS = 9;
const SCALING_ROUNDS = 3;
const tiptoe = fileURLToPath(new URL('../bin/tiptoe.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tiptoe-bench-'));
try {
  compare();
  scale();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function lint(path, ...options) {
  return { program: process.execPath, args: [tiptoe, 'lint', '--fail-on', 'never', ...options, path], code: 0 };
}

function compare() {
  const { binary, version } = squawk();
  const history = join(folder, 'history');
  const { paths, bytes, statements } = writeHistory(history, 2_000);
  console.log(
    `2,000 files, ${statements.toLocaleString('en')} statements, ${(bytes / 1e6).toFixed(1)} MB; median of ${ROUNDS}:`,
  );
  const times = medians(
    {
      [`squawk ${version}`]: { program: binary, args: paths, code: 1 },
      tiptoe: lint(history),
      [`squawk ${version} --reporter json`]: { program: binary, args: ['--reporter', 'json', ...paths], code: 1 },
      'tiptoe --format json': lint(history, '--format', 'json'),
    },
    ROUNDS,
  );
  for (const [name, ms] of times) console.log(`${name.padEnd(34)}${ms.toFixed(0).padStart(6)} ms`);
  const [theirs, ours, theirsAsJson, oursAsJson] = [...times.values()];
  // As JSON squawk leaves out its frames of code, which are half of its time.
  console.log(`As JSON, against squawk as JSON: ${(oursAsJson / theirsAsJson).toFixed(2)} ×`);
  judge('2,000 files, against squawk, as each prints them', ours / theirs, 2);
}

function scale() {
  const tiny = join(folder, 'tiny.sql');
  writeFileSync(tiny, 'CREATE INDEX ON orders (total);\n');
  const inputs = [['a start', 0, lint(tiny)]];
  for (const files of [500, 1_000, 2_000, 4_000]) {
    const path = join(folder, `files-${files}`);
    const { statements } = writeHistory(path, files);
    inputs.push([`${files.toLocaleString('en')} files`, statements, lint(path, '--format', 'json')]);
  }
  for (const statements of [1_000, 10_000, 100_000]) {
    const path = join(folder, `${statements}.sql`);
    writeScript(path, statements);
    inputs.push([
      `${statements.toLocaleString('en')} statements in a file`,
      statements,
      lint(path, '--format', 'json'),
    ]);
  }
  const times = medians(Object.fromEntries(inputs.map(([name, , command]) => [name, command])), SCALING_ROUNDS);
  const start = times.get('a start');
  console.log('How it grows (without the start of the program):');
  const each = new Map();
  for (const [name, statements] of inputs.slice(1)) {
    const ms = times.get(name) - start;
    each.set(name, (ms / statements) * 1_000);
    console.log(
      `${name.padEnd(34)}${ms.toFixed(0).padStart(6)} ms${each.get(name).toFixed(1).padStart(8)} µs a statement`,
    );
  }
  judge('4,000 files against 500, for each statement', each.get('4,000 files') / each.get('500 files'), 1.5);
  const [small, , large] = [...each.values()].slice(-3);
  judge('100,000 statements against 1,000, for each', large / small, 1.5);
}
