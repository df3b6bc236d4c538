import { receiveMessageOnPort } from 'node:worker_threads';
import { includer } from './included.ts';
import { parseScript } from '../sql/script.ts';
import { SourceText } from '../sql/source-text.ts';
import type { Comment, Script } from '../sql/statement.ts';
import {
  DELIVERED,
  NEEDED,
  type Order,
  type Parsed,
  type ParsedScript,
  type Sent,
  TAKEN,
  type Unparsed,
} from './parse-order.ts';
import type { ParserThread } from './parser-thread.ts';

/** Less text is parsed before another thread has loaded its parser. */
const WORTH_A_THREAD = 500_000;
/** How long a file may keep the other thread before we take it that the system did not let it live. */
const GIVEN_UP_MS = 5_000;

/** Parses each file when it is asked for, which is in order; of many files, another thread meanwhile parses those that come next. */
export function* parseInOrder(
  files: readonly Unparsed[],
  { variables, roots }: Pick<Order, 'variables' | 'roots'>,
  thread: ParserThread | null,
): Generator<Script, void, undefined> {
  const size = files.reduce((sum, { text }) => sum + text.length, 0);
  try {
    if (thread !== null && size >= WORTH_A_THREAD) yield* parseAhead(files, { variables, roots }, thread);
    else {
      const include = includer(roots, process.cwd());
      for (const { path, text, fills } of files) yield parseScript(path, text, variables, include, fills);
    }
  } finally {
    thread?.inbox.close();
    void thread?.worker.terminate();
  }
}

function* parseAhead(
  files: readonly Unparsed[],
  { variables, roots }: Pick<Order, 'variables' | 'roots'>,
  { worker, marks, inbox }: ParserThread,
): Generator<Script, void, undefined> {
  const sent = files.map(({ path, text, fills }) => ({ path, text, ...(fills === undefined ? {} : { fills }) }));
  worker.postMessage({ files: sent, variables, roots } satisfies Order, []);
  const include = includer(roots, process.cwd());
  for (const [at, { path, text, fills }] of files.entries()) {
    Atomics.store(marks, NEEDED, at);
    Atomics.notify(marks, NEEDED);
    const isFree = Atomics.compareExchange(marks, TAKEN, at, at + 1) === at;
    const parsed = isFree ? undefined : delivery(at);
    if (parsed === undefined) yield parseScript(path, text, variables, include, fills);
    else {
      yield asRead(JSON.parse(parsed.json) as ParsedScript, path, text);
    }
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

/** Each field by its name: thousands of copies of objects take their time. */
function asRead(sent: ParsedScript, path: string, text: string): Script {
  const source = new SourceText(path, text, sent.included);
  const textOf = ({ text: other, range }: Sent<Comment>): string => other ?? source.text.slice(range.start, range.end);
  const { faults, standIns, commands, unread } = sent;
  return {
    source,
    statements: sent.statements.map((statement) => {
      const { index, range, kind, action } = statement;
      return { index, text: textOf(statement), range, kind, action };
    }),
    faults,
    comments: sent.comments.map((comment) => ({ text: textOf(comment), range: comment.range })),
    standIns,
    commands,
    unread,
  };
}
