import type { Session } from '../db/session.ts';
import { quoteIdent, quoteLiteral } from '../postgres/quote.ts';
import type { Job } from './job.ts';
import { readLeaves } from './leaf.ts';
import { openRanges, type Range } from './ranges.ts';
import type { Remaining } from './remaining.ts';
import { countSkipped } from './skipped.ts';

/**
 * The checkpoints of a walk, one after the other. Each was committed with its rows, so where they lead from the first key to the last
 * without a gap, every row was changed once: the proof for a statement whose WHERE cannot tell.
 */
export type Chain = Unbroken | Broken;

interface Unbroken {
  readonly kind: 'unbroken';
  readonly checkpoints: number;
  readonly rows: number;
}

interface Broken {
  readonly kind: 'broken';
  readonly reason: string;
  /** Whether somebody has changed the checkpoints; who has checked the rows can settle that. */
  readonly edited: boolean;
}

interface Walked {
  readonly job: Pick<Job, 'statement' | 'target'>;
  readonly schema: string;
  readonly name: string;
}

/** Adds what the checkpoints prove where the rows cannot tell. */
export async function withChain(session: Session, walked: Walked, remaining: Remaining): Promise<Remaining> {
  const { progress } = walked.job.statement;
  if (remaining.kind !== 'cannot-tell' || progress.kind !== 'cannot-tell') return remaining;
  return { ...remaining, chain: await readChain(session, walked) };
}

/** Why the walk proves nothing where it has to; null where it does, or the rows tell by themselves. */
export function whyNotProved(remaining: Remaining, { name, schema }: Pick<Walked, 'name' | 'schema'>): string | null {
  const chain = remaining.kind === 'cannot-tell' ? remaining.chain : undefined;
  if (chain?.kind !== 'broken') return null;
  const { reason, edited } = chain;
  const settled = edited
    ? `; once you have checked the rows, UPDATE ${quoteIdent(schema)}.backfill SET edited = NULL WHERE name = ${quoteLiteral(name)} and run it again`
    : '';
  return `all keys were walked, but nothing proves that each row was changed once: ${reason}${settled}`;
}

async function readChain(session: Session, { job, schema, name }: Walked): Promise<Chain> {
  const [edited] = await session.query<{ edited: string | null }>(
    `SELECT edited FROM ${quoteIdent(schema)}.backfill WHERE name = $1`,
    [name],
  );
  const ranges = await openRanges(schema, name).list(session);
  const leaves = await readLeaves(session, job);
  const skipped = await countSkipped(session, schema, name, leaves);
  const reason =
    edited?.edited ??
    (skipped > 0 ? 'keys were left out because of errors' : whereBroken(ranges, leaves)) ??
    (await overlap(session, { job, schema, name }));
  if (reason !== null) return { kind: 'broken', reason, edited: reason === edited?.edited };
  const sum = (of: (range: Range) => number): number => ranges.reduce((total, range) => total + of(range), 0);
  return { kind: 'unbroken', checkpoints: sum(({ batches }) => batches), rows: sum(({ rowsDone }) => rowsDone) };
}

/** A range that was walked past its end, into the next one; null where there is none. */
async function overlap(session: Session, { job, schema, name }: Walked): Promise<string | null> {
  const place = (keys: string): string =>
    job.target.key
      .map(({ type, collation }, index) => {
        const value = `r.${keys}[${index + 1}]::${type}`;
        return collation === null ? value : `${value} COLLATE ${collation}`;
      })
      .join(', ');
  const [past] = await session.query<{ number: number }>(
    `SELECT r.number FROM ${quoteIdent(schema)}.backfill_range r
      WHERE r.backfill = $1 AND r.last_key IS NOT NULL AND r.upper_key IS NOT NULL
        AND (${place('last_key')}) > (${place('upper_key')}) ORDER BY r.number LIMIT 1`,
    [name],
  );
  return past === undefined ? null : `range ${past.number} was walked past its end, into keys of the next one`;
}

type Table = Pick<Range, 'tableOid' | 'table'>;

/** The first place where the checkpoints do not lead on; null where they cover all keys of all tables. */
function whereBroken(
  ranges: readonly Range[],
  leaves: readonly { readonly oid: string; readonly shown: string }[],
): string | null {
  if (ranges.length === 0) return 'no key was walked';
  const again = ranges.find(({ pass }) => pass > 1);
  if (again !== undefined) return `range ${again.number} was walked more than once`;
  for (const { oid, shown } of leaves) {
    const reason = gap(ranges, { tableOid: oid, table: shown });
    if (reason !== null) return reason;
  }
  return null;
}

function gap(all: readonly Range[], { tableOid, table }: Table): string | null {
  const open = all.filter((range) => range.tableOid === tableOid);
  if (open.length === 0) return `${table} has no checkpoint`;
  let at: string | null = null;
  while (open.length > 0) {
    const next = open.findIndex(({ lower }) => place(lower) === at);
    const [range] = next === -1 ? [] : open.splice(next, 1);
    if (range === undefined) {
      const where = at === null ? 'its first key' : `the key ${(JSON.parse(at) as string[]).join(', ')}`;
      return `no checkpoint leads on from ${where} in ${table}`;
    }
    if (range.leftOut !== null) return `range ${range.number} was left out: ${range.leftOut}`;
    if (!range.done) return `range ${range.number} is not done`;
    at = place(range.upper);
    if (at === null) return open.length === 0 ? null : `ranges of ${table} overlap`;
  }
  return `the last range of ${table} does not lead to its last key`;
}

function place(key: Range['lower']): string | null {
  return key === null ? null : JSON.stringify(key);
}
