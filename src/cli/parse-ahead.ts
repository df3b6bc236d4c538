import { availableParallelism } from 'node:os';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { parseScript } from '../sql/script.ts';
import { SourceText } from '../sql/source-text.ts';
import type { Script } from '../sql/statement.ts';
import { DELIVERED, NEEDED, type Order, type Parsed, type ParsedScript, TAKEN, type Unparsed } from './parse-order.ts';

/** Less text is parsed before another thread has loaded its parser. */
const WORTH_A_THREAD = 500_000;
/** How long a file may keep the other thread before we take it that the system did not let it live. */
const GIVEN_UP_MS = 5_000;

/** Parses each file when it is asked for, which is in order; of many files, another thread meanwhile parses those that come next. */
export function* parseInOrder(
  files: readonly Unparsed[],
  variables: Readonly<Record<string, string>>,
): Generator<Script, void, undefined> {
  const size = files.reduce((sum, { text }) => sum + text.length, 0);
  if (files.length === 1 || size < WORTH_A_THREAD || availableParallelism() === 1) {
    for (const { path, text } of files) yield parseScript(path, text, variables);
  } else yield* parseAhead(files, variables);
}

function* parseAhead(
  files: readonly Unparsed[],
  variables: Readonly<Record<string, string>>,
): Generator<Script, void, undefined> {
  const marks = new Int32Array(new SharedArrayBuffer(12));
  const { port1: inbox, port2: outbox } = new MessageChannel();
  const workerData: Order = { files, variables, marks, outbox };
  const worker = new Worker(new URL('./parse-worker.js', import.meta.url), { workerData, transferList: [outbox] });
  // What it does not deliver is parsed here.
  worker.on('error', () => undefined);
  try {
    for (const [at, { path, text }] of files.entries()) {
      Atomics.store(marks, NEEDED, at);
      Atomics.notify(marks, NEEDED);
      const isFree = Atomics.compareExchange(marks, TAKEN, at, at + 1) === at;
      const parsed = isFree ? undefined : delivery(at);
      yield parsed === undefined
        ? parseScript(path, text, variables)
        : { ...(JSON.parse(parsed.json) as ParsedScript), source: new SourceText(path, text) };
    }
  } finally {
    inbox.close();
    void worker.terminate();
  }

  function delivery(at: number): Parsed | undefined {
    for (;;) {
      const delivered = Atomics.load(marks, DELIVERED);
      const parsed = receiveMessageOnPort(inbox)?.message as Parsed | undefined;
      if (parsed?.at === at) return parsed;
      if (parsed !== undefined) continue;
      if (Atomics.wait(marks, DELIVERED, delivered, GIVEN_UP_MS) === 'timed-out') return undefined;
    }
  }
}
