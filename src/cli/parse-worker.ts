import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import type { Range } from '../sql/statement.ts';
import { DELIVERED, NEEDED, type Order, type Parsed, type ParsedScript, type Shared, TAKEN } from './parse-order.ts';

/** How many files may be in memory before they are needed. */
const AHEAD = 200;

const { marks, outbox } = workerData as Shared;
if (parentPort === null) throw new Error('This file is a worker.');
const ordered = once(parentPort, 'message') as Promise<[Order]>;
const [{ loadParser }, { parseScript }, { includer }] = await Promise.all([
  import('../sql/libpg.ts'),
  import('../sql/script.ts'),
  import('./included.ts'),
]);
await loadParser();
const [{ files, variables, roots }] = await ordered;
const include = includer(roots, process.cwd());
for (;;) {
  const needed = Atomics.load(marks, NEEDED);
  if (Atomics.load(marks, TAKEN) > needed + AHEAD) {
    Atomics.wait(marks, NEEDED, needed);
    continue;
  }
  const at = Atomics.add(marks, TAKEN, 1);
  const file = files[at];
  if (file === undefined) break;
  const { source, ...read } = parseScript(file.path, file.text, variables, include, file.fills);
  const other = ({ text, range }: { text: string; range: Range }): string | undefined =>
    text === source.text.slice(range.start, range.end) ? undefined : text;
  const script: ParsedScript = {
    ...read,
    // Each field by its name: thousands of copies of objects take their time.
    statements: read.statements.map((statement) => {
      const { index, range, kind, action } = statement;
      return { index, text: other(statement), range, kind, action };
    }),
    comments: read.comments.map((comment) => ({ text: other(comment), range: comment.range })),
    included: source.included.map(({ source: { path, text } }) => ({ path, text })),
  };
  outbox.postMessage({ at, json: JSON.stringify(script) } satisfies Parsed, []);
  Atomics.add(marks, DELIVERED, 1);
  Atomics.notify(marks, DELIVERED);
}
