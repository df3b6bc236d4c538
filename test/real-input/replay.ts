import { rules } from '../../rules/index.ts';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import type { Session, SqlValue } from '../../src/db/session.ts';
import type { Effects } from '../../src/effects/effect.ts';
import { runsAlone } from '../../src/effects/transaction.ts';
import { analyse, type Finding } from '../../src/lint/engine.ts';
import { blocksWrites } from '../../src/postgres/lock-mode.ts';
import { parseScript } from '../../src/sql/script.ts';
import type { Range, Statement } from '../../src/sql/statement.ts';
import { comparable } from '../support/comparable.ts';
import { observe, type Observed } from '../support/observe.ts';
import { observeOutside } from '../support/observe-outside.ts';
import { type History, textOf, valuesAt } from './history.ts';

/** Of the findings that say `blocking`, and the statements that are. */
export interface Verdicts {
  truePositives: number;
  falsePositives: number;
  falseNegatives: number;
}

export interface Tally extends Verdicts {
  statements: number;
  executed: number;
  /** Among the executed: outside of a transaction, watched from another session. */
  outside: number;
  /** Relations that a statement was seen or said to lock; and those of them where both agree on the mode. */
  relations: number;
  exactLocks: number;
  notUnderstood: number;
  syntaxErrors: number;
}

export interface Replayed {
  readonly tally: Tally;
  /** One line each: where it is, what it starts with, what was said and what was seen. */
  readonly disagreements: readonly string[];
  /** What the server refused, and why. */
  readonly refused: readonly string[];
  readonly truths: readonly Truth[];
}

/** What an executed statement did to the traffic of tables that were there before its file. */
export interface Truth {
  readonly path: string;
  readonly range: Range;
  readonly isBlocking: boolean;
}

/** Two sessions of one fresh database: one runs the history, the other watches it and holds it up. */
export interface Sessions {
  readonly session: Session;
  readonly watcher: Session;
}

/** Predicts and executes a history statement by statement, in file order, each statement in a transaction of its own. */
export async function replay(history: History, { session, watcher }: Sessions, version: number): Promise<Replayed> {
  const tally = emptyTally();
  const disagreements: string[] = [];
  const refused: string[] = [];
  const truths: Truth[] = [];
  const catalog = emptyCatalog();
  for (const file of history.files) {
    const script = parseScript(file.path, textOf(file), history.variables);
    const [analysed] = analyse([script], catalog, { rules, severities: {}, version });
    if (analysed === undefined) continue;
    tally.statements += script.statements.length + script.faults.length;
    tally.syntaxErrors += script.faults.length;
    tally.notUnderstood += analysed.findings.filter(({ rule }) => rule === 'not-understood').length;
    const place = (offset: number) => `${history.name} ${file.path}:${script.source.position(offset).line}`;
    for (const fault of script.faults) disagreements.push(`${place(fault.offset)} syntax error: ${fault.message}`);

    await session.exec('DISCARD ALL');
    const before = await relationsThatExist(session);
    for (const { statement, effects } of analysed.statements) {
      if (statement.action.kind === 'transaction') continue;
      const line = `${place(statement.range.start)} ${opening(statement)}`;
      const values = valuesAt(file, statement.range.start).map(asSqlValue);
      let seen: Observed[];
      try {
        if (runsAlone(statement.action)) {
          seen = await observeOutside(session, watcher, statement.text);
          tally.outside += 1;
        } else seen = await observe(session, statement.text, { keep: true, values, outside: watcher });
      } catch (error) {
        refused.push(`${line} refused: ${String(error)}`);
        continue;
      }
      tally.executed += 1;
      const findings = analysed.findings.filter((finding) => finding.statement === statement.index);
      const blocked = blockedBy(statement, seen, before);
      truths.push({ path: file.path, range: statement.range, isBlocking: blocked.length > 0 });
      const problems = [...compareLocks(tally, statement, effects, seen), ...compareBlocking(tally, findings, blocked)];
      disagreements.push(...problems.map((problem) => `${line} ${problem}`));
    }
  }
  return { tally, disagreements, refused, truths };
}

export function emptyTally(): Tally {
  return {
    statements: 0,
    executed: 0,
    outside: 0,
    relations: 0,
    exactLocks: 0,
    truePositives: 0,
    falsePositives: 0,
    falseNegatives: 0,
    notUnderstood: 0,
    syntaxErrors: 0,
  };
}

export function sum(tallies: readonly Tally[]): Tally {
  const total = emptyTally();
  for (const tally of tallies) {
    for (const key of Object.keys(total) as (keyof Tally)[]) total[key] += tally[key];
  }
  return total;
}

/** Of what was reported, the share that is true; 1 where nothing was. */
export function precision({ truePositives, falsePositives }: Verdicts): number {
  return truePositives === 0 && falsePositives === 0 ? 1 : truePositives / (truePositives + falsePositives);
}

/** Of what is true, the share that was reported; 1 where nothing is. */
export function recall({ truePositives, falseNegatives }: Verdicts): number {
  return truePositives === 0 && falseNegatives === 0 ? 1 : truePositives / (truePositives + falseNegatives);
}

function compareLocks(tally: Tally, statement: Statement, effects: Effects, seen: readonly Observed[]): string[] {
  const { expected, observed } = comparable(statement.action, effects, seen, { rowless: true });
  const locks = (lines: readonly string[]) => new Map(lines.map((line) => [relationOf(line), lockOf(line)]));
  const said = locks(expected);
  const real = locks(observed);
  for (const relation of new Set([...said.keys(), ...real.keys()])) {
    tally.relations += 1;
    if (said.get(relation) === real.get(relation)) tally.exactLocks += 1;
  }
  if (expected.join() === observed.join()) return [];
  const onlySaid = expected.filter((line) => !observed.includes(line));
  const onlySeen = observed.filter((line) => !expected.includes(line));
  return [`expected [${onlySaid.join(', ')}] observed [${onlySeen.join(', ')}]`];
}

/** A name may hold spaces, a lock mode does not. */
const LINE = /^(?<relation>.*) (?<lock>\w+Lock)(?: rewrite)?(?: scan)?(?: index build)?$/s;

function relationOf(line: string): string {
  return LINE.exec(line)?.groups?.['relation'] ?? line;
}

function lockOf(line: string): string {
  return LINE.exec(line)?.groups?.['lock'] ?? '';
}

/** The truth about a statement: work on a relation that existed before its file, under a lock that keeps its traffic out. */
function blockedBy(statement: Statement, seen: readonly Observed[], before: ReadonlySet<string>): Observed[] {
  if (statement.action.kind === 'truncate') return [];
  return seen.filter(
    ({ oid, lock, rewrite, scan, indexBuild }) =>
      before.has(oid) && (rewrite || scan || indexBuild) && blocksWrites(lock),
  );
}

function compareBlocking(tally: Tally, findings: readonly Finding[], blocked: readonly Observed[]): string[] {
  const reported = findings.filter(({ category }) => category === 'blocking');
  count(tally, reported.length > 0, blocked.length > 0);
  if (reported.length > 0 && blocked.length === 0)
    return [`FALSE POSITIVE ${reported.map(({ rule, relations }) => `${rule} on ${relations.join(', ')}`).join('; ')}`];
  if (reported.length === 0 && blocked.length > 0)
    return [`FALSE NEGATIVE ${blocked.map(({ relation }) => relation).join(', ')}`];
  return [];
}

function count(tally: Verdicts, isReported: boolean, isTrue: boolean): void {
  if (isReported && isTrue) tally.truePositives += 1;
  else if (isReported) tally.falsePositives += 1;
  else if (isTrue) tally.falseNegatives += 1;
}

/** How another linter fares on the same statements, given the offsets that it flags in each file. */
export function verdictsOf(truths: readonly Truth[], flagged: ReadonlyMap<string, readonly number[]>): Verdicts {
  const verdicts: Verdicts = { truePositives: 0, falsePositives: 0, falseNegatives: 0 };
  for (const { path, range, isBlocking } of truths) {
    const isReported = (flagged.get(path) ?? []).some((offset) => offset >= range.start && offset < range.end);
    count(verdicts, isReported, isBlocking);
  }
  return verdicts;
}

function opening({ text }: Statement): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 80);
}

async function relationsThatExist(session: Session): Promise<ReadonlySet<string>> {
  const rows = await session.query<{ oid: string }>('SELECT oid::text FROM pg_catalog.pg_class');
  return new Set(rows.map(({ oid }) => oid));
}

/** As the driver sends it. */
function asSqlValue(value: unknown): SqlValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return value instanceof Date ? value.toISOString() : JSON.stringify(value);
}
