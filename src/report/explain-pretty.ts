import type { Effect, Effects } from '../effects/effect.ts';
import type { AnalysedFile, AnalysedStatement } from '../lint/engine.ts';
import { roughRange } from '../lint/estimate.ts';
import { type LiveEffect, rate, size } from '../lint/live.ts';
import { blocksReads, blocksWrites, conflicts } from '../postgres/lock-mode.ts';
import type { SourceText } from '../sql/source-text.ts';
import type { Range, SyntaxFault, Unread } from '../sql/statement.ts';
import { plural } from './counts.ts';
import { factsLine, type FactsOrigin } from './lint-report.ts';
import { printable } from './printable.ts';
import type { Style } from './style.ts';
import { withoutCommands } from './workflow-commands.ts';

/** What each statement locks and does, for a person: one short block a statement; `quiet` leaves out those that hold up no traffic. */
export function explainPretty(
  files: readonly AnalysedFile[],
  style: Style,
  { quiet = false, origin = null }: { quiet?: boolean; origin?: FactsOrigin | null } = {},
): string {
  const blocks = files
    .map((file) => (quiet ? { ...file, statements: file.statements.filter(holdsUp) } : file))
    .filter(({ statements, script }) => !quiet || statements.length + script.faults.length + script.unread.length > 0)
    .map((file) => fileBlock(file, style));
  const known = origin === null ? '' : `${style.dim(factsLine(origin))}\n`;
  return withoutCommands([...blocks, `${summary(files, style)}${known}`].join('\n'));
}

function holdsUp({ effects }: AnalysedStatement): boolean {
  return (
    effects.notUnderstood !== null ||
    effects.relations.some(({ lock, preexisting }) => preexisting && blocksWrites(lock))
  );
}

const TRANSACTIONS = {
  file: 'one transaction',
  statement: 'statement by statement, because something in it cannot share a transaction',
  none: 'statement by statement, as the file asks',
} as const;

function howItRuns({ script: { run }, transaction }: AnalysedFile): string {
  if (run === undefined || transaction !== 'none') return TRANSACTIONS[transaction];
  return `statement by statement, as ${run.tool} runs it`;
}

/** One file, and what each of its statements does; `how` it is run, where it is not as a migration. */
export function fileBlock(file: AnalysedFile, style: Style, how = howItRuns(file)): string {
  const { script, statements } = file;
  const head = `${style.bold(printable(script.source.path))}  ${style.dim(how)}`;
  const blocks = [
    ...statements.map((statement) => ({
      at: statement.statement.index,
      text: statementBlock(script.source, statement, style),
    })),
    ...script.faults.map((fault) => ({ at: fault.index, text: faultBlock(script.source, fault, style) })),
    ...script.unread.map((unread) => ({ at: Infinity, text: unreadBlock(script.source, unread, style) })),
  ].sort((a, b) => (a.at === b.at ? 0 : a.at - b.at));
  return `${[head, ...blocks.map(({ text }) => text)].join('\n')}\n`;
}

/** The line of a statement, after the path of its file where that is another one. */
function placeOf(source: SourceText, { start }: Range): string {
  const { line } = source.position(start);
  const { source: own } = source.fileAt(start);
  return own === source ? String(line).padStart(4) : `${printable(own.path)}:${line}`;
}

function faultBlock(source: SourceText, { range, message }: SyntaxFault, style: Style): string {
  const text = excerpt(source.text.slice(range.start, range.end));
  return `${style.red('✗')} ${style.dim(placeOf(source, range))}  ${text}\n${INDENT}${style.red('not run by PostgreSQL')}: ${printable(message)}`;
}

function unreadBlock(source: SourceText, { range, reason }: Unread, style: Style): string {
  const text = excerpt(source.text.slice(range.start, range.end));
  return `${style.yellow('!')} ${style.dim(placeOf(source, range))}  ${text}\n${INDENT}${style.yellow('not understood')}: ${printable(reason)}`;
}

function statementBlock(source: SourceText, { statement, effects, live }: AnalysedStatement, style: Style): string {
  const mark = MARKS[weightOf(effects)];
  const head = `${style[mark.paint](mark.sign)} ${style.dim(placeOf(source, statement.range))}  ${excerpt(statement.text)}`;
  const unknown = effects.notUnderstood;
  const said =
    unknown !== null
      ? [`${INDENT}${style.yellow('not understood')}: ${printable(unknown)}`]
      : effects.relations.length === 0
        ? [`${INDENT}${style.dim('locks no table')}`]
        : [];
  return [head, ...said, ...effectLines(effects.relations, style, live)].join('\n');
}

const INDENT = ' '.repeat(8);

type Weight = 'nobody' | 'moment' | 'long';

const MARKS = {
  nobody: { sign: '✓', paint: 'green' },
  moment: { sign: '!', paint: 'yellow' },
  long: { sign: '✗', paint: 'red' },
} as const;

/** How much a statement holds up the tables that were there before; what is not understood could. */
function weightOf({ relations, notUnderstood }: Effects): Weight {
  const strong = relations.filter(({ preexisting, lock }) => preexisting && blocksWrites(lock));
  if (strong.some((effect) => !isInstant(effect))) return 'long';
  return strong.length > 0 || notUnderstood !== null ? 'moment' : 'nobody';
}

/** Relations of which the same is to be said, such as partitions. */
interface Group {
  readonly names: string[];
  readonly effect: Effect;
}

function effectLines(effects: readonly Effect[], style: Style, live: AnalysedStatement['live']): string[] {
  const groups = new Map<string, Group>();
  for (const effect of effects) {
    const { lock, preexisting, because } = effect;
    const key = [lock, preexisting, howLong(effect), because, liveText(live?.get(effect.relation))].join('\0');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { names: [effect.relation], effect });
    else group.names.push(effect.relation);
  }
  const lines = [...groups.values()].map(({ names, effect }) => ({ where: nameList(names), effect }));
  const width = (of: (line: (typeof lines)[number]) => string): number =>
    Math.min(40, Math.max(...lines.map((line) => of(line).length)));
  const [places, locks, times] = [
    width(({ where }) => where),
    width(({ effect }) => effect.lock),
    width(({ effect }) => howLong(effect)),
  ];
  return lines.flatMap(({ where, effect }) => {
    const place = style.cyan(printable(where).padEnd(places));
    const because = `${INDENT}  ${style.dim(printable(effect.because))}`;
    if (!effect.preexisting)
      return [`${INDENT}${place}  ${style.dim('made in this file: nobody waits for it')}`, because];
    const blocks = blocksWrites(effect.lock);
    const paint = blocks ? (isInstant(effect) ? style.yellow : style.red) : style.green;
    const facts = [place, effect.lock.padEnd(locks), paint(howLong(effect).padEnd(times)), whoIsBlocked(effect)];
    const known = liveText(live?.get(effect.relation));
    return [`${INDENT}${facts.join('  ')}`, because, ...(known === '' ? [] : [`${INDENT}  ${style.dim(known)}`])];
  });
}

/** `84 GB, 1,200 writes/s; 3 to 12 min for 84 GB at 120 to 480 MB/s`. */
function liveText(live: LiveEffect | undefined): string {
  if (live === undefined) return '';
  const { facts, estimate } = live;
  const here = [
    facts.rows === null ? 'rows not known' : '',
    size(facts),
    facts.writesPerSecond === null ? '' : rate(facts.writesPerSecond),
  ].filter((text) => text !== '');
  return [
    here.join(', '),
    ...(estimate === null ? [] : [`${roughRange(estimate.seconds)} for ${estimate.basis}`]),
  ].join('; ');
}

/** `a, b, c and 12 more`. */
function nameList(names: readonly string[]): string {
  const sorted = names.toSorted();
  if (sorted.length <= 3) return sorted.join(', ');
  return `${sorted.slice(0, 3).join(', ')} and ${sorted.length - 3} more`;
}

function isInstant({ rewrite, scan, indexBuild, rows, online }: Effect): boolean {
  return !rewrite && !scan && !indexBuild && !rows && !online;
}

function howLong(effect: Effect): string {
  if (effect.rewrite) return 'grows with the table: writes it anew';
  if (effect.indexBuild) return 'grows with the table: builds an index';
  if (effect.scan) return 'grows with the table: reads every row';
  if (effect.rows) return 'grows with the rows it writes';
  return effect.online ? 'grows with the table' : 'instant';
}

function whoIsBlocked({ lock }: Effect): string {
  if (blocksReads(lock)) return 'blocks reads and writes';
  if (blocksWrites(lock)) return 'blocks writes';
  return conflicts(lock, 'ShareUpdateExclusiveLock')
    ? 'blocks other DDL'
    : 'blocks only DDL that needs the table alone';
}

/** `9 statements: 2 hold up traffic for as long as a table is big, 3 for a moment, 1 is not understood`. */
function summary(files: readonly AnalysedFile[], style: Style): string {
  const all = files.flatMap(({ statements }) => statements.map(({ effects }) => effects));
  const weights = all.map(weightOf);
  const long = weights.filter((weight) => weight === 'long').length;
  const unknown =
    all.filter(({ notUnderstood }) => notUnderstood !== null).length +
    files.reduce((sum, { script }) => sum + script.unread.length, 0);
  const moment = all.filter(({ notUnderstood }, at) => weights[at] === 'moment' && notUnderstood === null).length;
  const faults = files.reduce((sum, { script }) => sum + script.faults.length, 0);
  const parts = [
    ...(long > 0 ? [style.red(`${long} block${long === 1 ? 's' : ''} traffic for as long as a table is big`)] : []),
    ...(moment > 0 ? [style.yellow(`${moment} for a moment`)] : []),
    ...(unknown > 0 ? [style.yellow(`${unknown} not understood`)] : []),
    ...(faults > 0 ? [style.red(`${faults} not run by PostgreSQL`)] : []),
  ];
  return `${plural(all.length + faults, 'statement')}: ${parts.length === 0 ? style.green('no traffic is blocked') : parts.join(', ')}\n`;
}

/** The statement on one line. */
function excerpt(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return printable(line.length > 100 ? `${line.slice(0, 99)}…` : line);
}
