import { fromCodePoints } from './offsets.ts';
import { type Filled, replaced, type Replacement } from './filled.ts';
import { parse, type RawStmt } from './libpg.ts';
import type { Placeholder } from './placeholder.ts';
import { quoteIdentifier, quoteString } from './quote.ts';
import type { Range, StandIn } from './statement.ts';

/** A placeholder, with the value that a script gives it, if any. */
export interface Fillable extends Placeholder {
  readonly value: string | null;
}

/** A statement that parses once its placeholders are filled in. */
interface Completed {
  readonly filled: Filled;
  readonly stmts: readonly RawStmt[];
  readonly standIns: readonly StandIn[];
}

interface Candidate {
  readonly value: string;
  /** Null for text that is not changed, or known. */
  readonly as: StandIn['as'] | null;
}

/** Placeholders and the letters beside them, which make one token together. */
interface Unit extends Range {
  readonly candidates: readonly Candidate[];
  readonly placeholders: readonly Fillable[];
}

/**
 * Finds values for the placeholders of a statement that make it parse: names, numbers, literals, and nothing, in that order where it stands.
 * Null where none do.
 */
export function complete(sql: string, placeholders: readonly Fillable[]): Completed | null {
  for (const { dropped, chosen } of readings(sql, placeholders)) {
    const completed = search(sql, unitsOf(sql, placeholders, dropped));
    if (completed === null) continue;
    const branches = chosen.map(({ start, end }) => ({
      placeholder: sql.slice(start, end),
      range: { start, end },
      as: 'branch' as const,
    }));
    return { ...completed, standIns: [...completed.standIns, ...branches] };
  }
  return null;
}

/** Every placeholder as a name, and branches one after the other: for code, of which no grammar says what fits. */
export function named(sql: string, placeholders: readonly Fillable[]): Replacement[] {
  return unitsOf(sql, placeholders, []).map(({ start, end, candidates }) => {
    const { value } = candidates.find(({ as }) => as === 'name') ?? candidates[0] ?? { value: ' ' };
    return { start, end, value };
  });
}

/** What is tried for one statement is bounded: each try parses it. */
const MOST_TRIES = 60;
const MOST_PARSED = 2_000_000;

function search(sql: string, units: readonly Unit[]): Completed | null {
  const chosen = units.map(() => 0);
  const candidate = (at: number): Candidate => units[at]?.candidates[chosen[at] ?? 0] ?? { value: '', as: 'nothing' };
  const most = Math.min(MOST_TRIES + 2 * units.length, 1 + MOST_PARSED / (1 + sql.length));
  for (let tries = 0; tries < most; tries += 1) {
    const values = units.map(({ start, end }, at) => ({ start, end, value: candidate(at).value }));
    const filled = replaced(sql, values);
    const outcome = parse(filled.text);
    if (outcome.ok) {
      const standIns = units.flatMap(({ placeholders }, at) => {
        const { as } = candidate(at);
        return as === null
          ? []
          : placeholders.map(({ start, end }) => ({ placeholder: sql.slice(start, end), range: { start, end }, as }));
      });
      return { filled, stmts: outcome.stmts, standIns };
    }
    if ('gaveUp' in outcome) return null;
    // The grammar reads from left to right, so that what it stopped at is never to the left of what is wrong.
    const stopped = filled.toOriginal(fromCodePoints(filled.text)(outcome.position));
    let at = units.findLastIndex(({ start }) => start <= stopped);
    while (at >= 0 && (chosen[at] ?? 0) + 1 >= (units[at]?.candidates.length ?? 0)) at -= 1;
    if (at < 0) return null;
    chosen[at] = (chosen[at] ?? 0) + 1;
    chosen.fill(0, at + 1);
  }
  return null;
}

/** One of the ways to read a statement: what is left out of it, and the tags of the conditions of which one branch is read. */
interface Reading {
  readonly dropped: readonly Range[];
  readonly chosen: readonly Fillable[];
}

/** A condition, or a loop; where it begins or ends outside of the statement, its branches are what stands inside of it. */
interface Block {
  readonly tag: Fillable;
  readonly branches: Range[];
}

/**
 * All branches one after the other, without those that stand in others, each of them alone, or none; where one has CONCURRENTLY or NOT VALID,
 * that is not counted on.
 */
function readings(sql: string, placeholders: readonly Fillable[]): Reading[] {
  const blocks = blocksOf(sql, placeholders);
  const all = { dropped: [], chosen: [] };
  if (blocks.length === 0) return [all];
  const isSoft = ({ start, end }: Range): boolean => /\bconcurrently\b|\bnot\s+valid\b/i.test(sql.slice(start, end));
  const ranked = blocks.map(({ tag, branches }) => ({
    tag,
    branches: branches.toSorted((a, b) => Number(isSoft(a)) - Number(isSoft(b))),
  }));
  const alone = Array.from({ length: Math.max(...ranked.map(({ branches }) => branches.length)) }, (_, at) =>
    without(ranked, ({ branches }) => {
      const kept = branches[Math.min(at, branches.length - 1)];
      return branches.filter((branch) => branch !== kept);
    }),
  );
  const outer = without(blocks, ({ tag, branches }) =>
    branches.length === 1 && blocks.some((block) => holds(block, tag)) ? branches : [],
  );
  const none = without(blocks, ({ branches }) => branches);
  const isAnySoft = blocks.some(({ branches }) => branches.some(isSoft));
  return isAnySoft ? [none, ...alone, outer, all] : [all, outer, ...alone, none];
}

function without<Some extends Pick<Block, 'tag' | 'branches'>>(
  blocks: readonly Some[],
  drop: (block: Some) => readonly Range[],
): Reading {
  const dropped: Range[] = [];
  for (const range of blocks.flatMap(drop).toSorted((a, b) => a.start - b.start || b.end - a.end))
    if (range.end > (dropped.at(-1)?.end ?? -1)) dropped.push(range);
  const isLeft = ({ start }: Range): boolean => !dropped.some((range) => start >= range.start && start < range.end);
  return {
    dropped,
    chosen: blocks.filter((block) => drop(block).length > 0 && isLeft(block.tag)).map(({ tag }) => tag),
  };
}

function holds({ tag, branches }: Block, other: Fillable): boolean {
  return tag !== other && branches.some(({ start, end }) => other.start >= start && other.start < end);
}

function blocksOf(sql: string, placeholders: readonly Fillable[]): Block[] {
  const blocks: Block[] = [];
  const open: Array<{ readonly block: Block; from: number }> = [];
  const begin = (tag: Fillable, from: number) => {
    const begun = { block: { tag, branches: [] }, from };
    open.push(begun);
    return begun;
  };
  for (const tag of placeholders) {
    if (tag.kind === 'open') begin(tag, tag.end);
    if (tag.kind === 'else') {
      const last = open.at(-1) ?? begin(tag, 0);
      last.block.branches.push({ start: last.from, end: tag.start });
      last.from = tag.end;
    }
    const last = tag.kind === 'close' ? open.pop() : undefined;
    if (last === undefined) continue;
    last.block.branches.push({ start: last.from, end: tag.start });
    blocks.push(last.block);
  }
  // Its end may stand behind that of the statement.
  for (const { block, from } of open)
    if (block.branches.length > 0)
      blocks.push({ ...block, branches: [...block.branches, { start: from, end: sql.length }] });
  return blocks;
}

const LETTER = /[\w\u0080-\uFFFF]/;

function unitsOf(sql: string, placeholders: readonly Fillable[], dropped: readonly Range[]): Unit[] {
  const units: Unit[] = dropped.map((range) => ({
    ...range,
    candidates: [{ value: ' ', as: null }],
    placeholders: [],
  }));
  const kept = placeholders.filter(({ start }) => !dropped.some((range) => start >= range.start && start < range.end));
  for (let at = 0; at < kept.length; at += 1) {
    const first = kept[at];
    if (first === undefined) break;
    if (!joins(first)) {
      units.push(unitOf(sql, first, [first]));
      continue;
    }
    let { start, end } = first;
    const previous = units.at(-1)?.end ?? 0;
    while (start > previous && LETTER.test(sql.charAt(start - 1))) start -= 1;
    const run = [first];
    for (;;) {
      while (end < sql.length && LETTER.test(sql.charAt(end))) end += 1;
      const next = kept[at + 1];
      if (next === undefined || next.start > end || !joins(next)) break;
      run.push(next);
      end = next.end;
      at += 1;
    }
    units.push(unitOf(sql, { start, end }, run));
  }
  return units.sort((a, b) => a.start - b.start);
}

function joins({ kind, within }: Fillable): boolean {
  return kind === 'text' && within === '';
}

function unitOf(sql: string, { start, end }: Range, placeholders: readonly Fillable[]): Unit {
  const written = sql.slice(start, end);
  const value = valueOf(written, start, placeholders);
  if (value !== null) return { start, end, placeholders, candidates: [{ value, as: null }] };
  const candidates = candidatesOf(sql, written, { start, end }, placeholders);
  return { start, end, placeholders, candidates };
}

/** Null unless all of it is known. */
function valueOf(written: string, offset: number, placeholders: readonly Fillable[]): string | null {
  let text = '';
  let copied = 0;
  for (const { start, end, value, kind } of placeholders) {
    if (value === null) return null;
    text += written.slice(copied, start - offset);
    text += kind === 'name' ? quoteIdentifier(value) : kind === 'literal' ? quoteString(value) : value;
    copied = end - offset;
  }
  return text + written.slice(copied);
}

function candidatesOf(
  sql: string,
  written: string,
  { start, end }: Range,
  placeholders: readonly Fillable[],
): Candidate[] {
  const [first] = placeholders;
  if (first === undefined) return [];
  const { kind, within, certain, fallback } = first;
  if (within !== '') {
    const value = written.replaceAll(within, within === '"' ? "'" : '"');
    return [{ value, as: within === '"' ? 'name' : 'value' }];
  }
  const isWhole = placeholders.length === 1 && first.start === start && first.end === end;
  const label = labelOf(written, placeholders, start);
  const name: Candidate = { value: quoteIdentifier(label), as: 'name' };
  const literal: Candidate = { value: quoteString(label), as: 'value' };
  const number: Candidate = { value: '1', as: 'value' };
  switch (kind) {
    case 'name':
      return [name];
    case 'literal':
      return [literal];
    case 'open':
    case 'else':
    case 'close':
    case 'note':
    case 'partial':
      return [{ value: ' ', as: null }];
    case 'parameter':
      return [{ value: written, as: null }, { value: ' $1 ', as: 'value' }, name, number, literal];
    case 'text':
      break;
  }
  const asItStands: Candidate[] = certain ? [] : [{ value: written, as: null }];
  // A default that is not known may be computed anew for every row.
  const call: Candidate[] = /\bdefault\s*$/i.test(sql.slice(Math.max(0, start - 20), start))
    ? [{ value: `${quoteIdentifier(label)}()`, as: 'value' }]
    : [];
  const usual: Candidate[] = isWhole && fallback !== null ? [{ value: fallback, as: 'value' }] : [];
  const nothing: Candidate[] = certain && isWhole ? [{ value: ' ', as: 'nothing' }] : [];
  return [...asItStands, ...usual, ...call, name, number, literal, ...nothing];
}

/** PostgreSQL cuts names after 63 bytes. */
const LONGEST_NAME = 60;

/** What stands there, as a name that shows that it is none. The letters around a placeholder are folded, as they would be without it. */
function labelOf(written: string, placeholders: readonly Fillable[], offset: number): string {
  let label = '';
  let copied = 0;
  for (const { start, end } of placeholders) {
    label += written.slice(copied, start - offset).toLowerCase();
    label += written
      .slice(start - offset, end - offset)
      .replaceAll('"', "'")
      .replaceAll(/\s+/g, ' ');
    copied = end - offset;
  }
  label += written.slice(copied).toLowerCase();
  if (label.length <= LONGEST_NAME && /^[\u0020-\u007E]*$/.test(label)) return label;
  const plain = label.replaceAll(/[^\u0020-\u007E]/g, '_');
  return `${plain.slice(0, 30)}~${hash(label)}~${plain.slice(-18)}`;
}

/** FNV-1a: different placeholders stay different. */
function hash(text: string): string {
  let sum = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193);
  return (sum >>> 0).toString(36);
}
