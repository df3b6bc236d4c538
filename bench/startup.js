/** How long `tiptoe lint` takes for one small file, against a bare `node -e 0`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { judge, medians } from './measure.js';

const ROUNDS = 21;
const node = process.execPath;
const tiptoe = fileURLToPath(new URL('../bin/tiptoe.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tiptoe-bench-'));
try {
  const file = join(folder, '001_orders.sql');
  writeFileSync(file, 'CREATE INDEX ON orders (total);\n');
  const times = medians(
    {
      'node -e 0': { program: node, args: ['-e', '0'], code: 0 },
      'tiptoe --version': { program: node, args: [tiptoe, '--version'], code: 0 },
      'tiptoe lint one-file.sql': { program: node, args: [tiptoe, 'lint', file], code: 1 },
    },
    ROUNDS,
  );
  for (const [name, ms] of times) console.log(`${name.padEnd(34)}${ms.toFixed(0).padStart(6)} ms`);
  judge('one small file, against bare Node', times.get('tiptoe lint one-file.sql') / times.get('node -e 0'), 3);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
