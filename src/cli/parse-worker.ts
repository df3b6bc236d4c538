import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { DELIVERED, NEEDED, type Order, type Parsed, type ParsedScript, type Shared, TAKEN } from './parse-order.ts';

/** How many files may be in memory before they are needed. */
const AHEAD = 200;

const { marks, outbox } = workerData as Shared;
if (parentPort === null) throw new Error('This file is a worker.');
const ordered = once(parentPort, 'message') as Promise<[Order]>;
const [{ loadParser }, { parseScript }] = await Promise.all([import('../sql/libpg.ts'), import('../sql/script.ts')]);
await loadParser();
const [{ files, variables }] = await ordered;
for (;;) {
  const needed = Atomics.load(marks, NEEDED);
  if (Atomics.load(marks, TAKEN) > needed + AHEAD) {
    Atomics.wait(marks, NEEDED, needed);
    continue;
  }
  const at = Atomics.add(marks, TAKEN, 1);
  const file = files[at];
  if (file === undefined) break;
  const { source: _, ...script }: { source: unknown } & ParsedScript = parseScript(file.path, file.text, variables);
  outbox.postMessage({ at, json: JSON.stringify(script) } satisfies Parsed, []);
  Atomics.add(marks, DELIVERED, 1);
  Atomics.notify(marks, DELIVERED);
}
