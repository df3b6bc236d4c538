import * as v from 'valibot';
import { Problem } from '../problem.ts';
import { SNAPSHOT_VERSION, type Snapshot } from './snapshot.ts';

const COUNT = v.nullable(v.pipe(v.number(), v.minValue(0)));
const TIME = v.pipe(v.string(), v.isoTimestamp());

const SnapshotSchema = v.object({
  format: v.literal('tiptoe-facts'),
  version: v.literal(SNAPSHOT_VERSION),
  takenAt: TIME,
  pgVersion: v.pipe(v.number(), v.integer(), v.minValue(13)),
  writesSince: v.nullable(TIME),
  unseen: v.array(v.string()),
  schema: v.object({
    searchPath: v.array(v.string()),
    timeZone: v.string(),
    definitions: v.array(v.string()),
  }),
  tables: v.array(
    v.object({
      table: v.string(),
      kind: v.picklist(['table', 'partitioned-table', 'materialized-view']),
      partitionOf: v.nullable(v.string()),
      rows: COUNT,
      bytes: COUNT,
      heapBytes: COUNT,
      indexBytes: COUNT,
      writesPerSecond: COUNT,
    }),
  ),
});

const TAKE_ANOTHER = 'Take another: tiptoe snapshot > facts.json';

/** Reads the text of what `tiptoe snapshot` wrote; `shown` is what it is called. */
export function readFactsText(text: string, shown: string): Snapshot {
  if (text.trim() === '') throw new Problem(`the facts ${shown} are empty.`, { advice: TAKE_ANOTHER });
  return readFacts(parse(text, shown), shown);
}

/** The same, where it was parsed already. */
export function readFacts(document: unknown, shown: string): Snapshot {
  const claimed = v.safeParse(v.object({ format: v.literal('tiptoe-facts'), version: v.number() }), document);
  if (!claimed.success) throw new Problem(`${shown} holds no facts of tiptoe snapshot.`, { advice: TAKE_ANOTHER });
  if (claimed.output.version > SNAPSHOT_VERSION)
    throw new Problem(
      `the facts ${shown} are of version ${claimed.output.version}, and this tiptoe reads version ${SNAPSHOT_VERSION}.`,
      { advice: 'Use the tiptoe that took them, or a newer one.' },
    );
  const checked = v.safeParse(SnapshotSchema, document);
  if (checked.success) return checked.output;
  const [issue] = checked.issues;
  throw new Problem(`the facts ${shown} are broken: ${v.getDotPath(issue) ?? 'they'}: ${issue.message}.`, {
    advice: TAKE_ANOTHER,
  });
}

function parse(text: string, shown: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const isCut = !/[}\]]\s*$/.test(text);
    throw new Problem(`the facts ${shown} are ${isCut ? 'cut off' : 'no JSON'}: ${firstLine(error)}.`, {
      advice: TAKE_ANOTHER,
      cause: error,
    });
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').slice(0, 200);
}
