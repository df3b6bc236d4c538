/**
 * How long `tiptoe lint` takes for one small file, against a bare `node -e 0`. The runs alternate, so that a busy
 * machine slows both alike; the ratio is of their medians.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROUNDS = 21;
const tiptoe = fileURLToPath(new URL('../bin/tiptoe.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tiptoe-bench-'));
const file = join(folder, '001_orders.sql');
writeFileSync(file, 'CREATE INDEX ON orders (total);\n');

const commands = {
  'node -e 0': { args: ['-e', '0'], code: 0, times: [] },
  'tiptoe --version': { args: [tiptoe, '--version'], code: 0, times: [] },
  'tiptoe lint one-file.sql': { args: [tiptoe, 'lint', file], code: 1, times: [] },
};
try {
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, { args, code, times }] of Object.entries(commands)) {
      const started = performance.now();
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      times.push(performance.now() - started);
      if (status !== code) throw new Error(`${name} ended with exit code ${status}:\n${stderr}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const bare = median(commands['node -e 0'].times);
for (const [name, { times }] of Object.entries(commands)) {
  const ms = median(times);
  console.log(`${name.padEnd(26)}${ms.toFixed(0).padStart(5)} ms${(ms / bare).toFixed(2).padStart(7)} ×`);
}

function median(times) {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
}
