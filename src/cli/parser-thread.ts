import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Shared } from './parse-order.ts';

/** Another thread, which loads its parser before it is known what there is to parse. */
export interface ParserThread {
  readonly worker: Worker;
  readonly marks: Int32Array;
  readonly inbox: MessagePort;
}

/** Fewer files are parsed before another thread has loaded its parser. */
const WORTH_A_THREAD = 100;
/** Room for what is let go soon: with less, much of it is copied twice before it is let go. */
const YOUNG_MB = 64;

let prepared: ParserThread | null = null;

/** Starts it at once, while the rest of the program is still being loaded, where a folder that was named has many entries. */
export function prepareParserThread(paths: readonly string[]): void {
  if (paths.some((path) => entriesOf(path) >= WORTH_A_THREAD)) prepared = startParserThread();
}

/** The thread that was prepared, or a new one; null where as many files as these are not worth one. */
export function parserThread(files: number): ParserThread | null {
  const thread = prepared;
  prepared = null;
  if (files >= WORTH_A_THREAD) return thread ?? startParserThread();
  void thread?.worker.terminate();
  return null;
}

function startParserThread(): ParserThread | null {
  if (availableParallelism() === 1) return null;
  const marks = new Int32Array(new SharedArrayBuffer(12));
  const { port1: inbox, port2: outbox } = new MessageChannel();
  const workerData: Shared = { marks, outbox };
  const worker = new Worker(new URL('./parse-worker.js', import.meta.url), {
    workerData,
    transferList: [outbox],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  // What it does not deliver is parsed by the one who asked.
  worker.on('error', () => undefined);
  worker.unref();
  return { worker, marks, inbox };
}

function entriesOf(path: string): number {
  try {
    return readdirSync(path).length;
  } catch {
    // It is a file, or whoever reads it will say what is wrong with it.
    return 0;
  }
}
