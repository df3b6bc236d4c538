import type { Effect } from '../effects/effect.ts';
import type { AnalysedFile, AnalysedStatement } from '../lint/engine.ts';
import { blocksReads, blocksWrites, conflicts } from '../postgres/lock-mode.ts';
import type { SourceText } from '../sql/source-text.ts';
import type { SyntaxFault } from '../sql/statement.ts';
import { printable } from './printable.ts';
import type { Style } from './style.ts';

/** What each statement locks and does, for a person: one short block a statement; `quiet` leaves out those that hold up no traffic. */
export function explainPretty(
  files: readonly AnalysedFile[],
  style: Style,
  { quiet }: { quiet: boolean } = { quiet: false },
): string {
  return files
    .map((file) => (quiet ? { ...file, statements: file.statements.filter(holdsUp) } : file))
    .filter(({ statements, script }) => !quiet || statements.length + script.faults.length > 0)
    .map((file) => fileBlock(file, style))
    .join('\n');
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

function fileBlock({ script, transaction, statements }: AnalysedFile, style: Style): string {
  const head = `${style.bold(printable(script.source.path))}  ${style.dim(TRANSACTIONS[transaction])}`;
  const blocks = [
    ...statements.map((statement) => ({
      at: statement.statement.index,
      text: statementBlock(script.source, statement, style),
    })),
    ...script.faults.map((fault) => ({ at: fault.index, text: faultBlock(script.source, fault, style) })),
  ].sort((a, b) => a.at - b.at);
  return `${[head, ...blocks.map(({ text }) => text)].join('\n')}\n`;
}

function faultBlock(source: SourceText, { range, message }: SyntaxFault, style: Style): string {
  const { line } = source.position(range.start);
  const text = excerpt(source.text.slice(range.start, range.end));
  return `  ${style.dim(String(line).padStart(3))}  ${text}\n       ${style.red('not run by PostgreSQL')}: ${printable(message)}`;
}

function statementBlock(source: SourceText, { statement, effects }: AnalysedStatement, style: Style): string {
  const { line } = source.position(statement.range.start);
  const lines = [`  ${style.dim(String(line).padStart(3))}  ${excerpt(statement.text)}`];
  const unknown = effects.notUnderstood;
  if (unknown !== null) lines.push(`       ${style.yellow('not understood')}: ${printable(unknown)}`);
  else if (effects.relations.length === 0) lines.push(`       ${style.green('locks no table')}`);
  for (const effect of effects.relations) lines.push(...effectLines(effect, style));
  return lines.join('\n');
}

function effectLines(effect: Effect, style: Style): string[] {
  const paint = isInstant(effect) || !effect.preexisting ? style.green : effect.online ? style.yellow : style.red;
  const where = effect.preexisting ? effect.relation : `${effect.relation} (made in this file)`;
  return [
    `       ${style.cyan(printable(where))}  ${effect.lock}  ${paint(howLong(effect))}  ${whoIsBlocked(effect)}`,
    `       ${style.dim(`  ${printable(effect.because)}`)}`,
  ];
}

function isInstant({ rewrite, scan, indexBuild, rows, online }: Effect): boolean {
  return !rewrite && !scan && !indexBuild && !rows && !online;
}

function howLong(effect: Effect): string {
  if (effect.rewrite) return 'writes the table anew, grows with it';
  if (effect.indexBuild) return 'builds an index, grows with the table';
  if (effect.scan) return 'reads every row, grows with the table';
  if (effect.rows) return 'grows with the rows it writes';
  return effect.online ? 'grows with the table' : 'instant';
}

function whoIsBlocked({ lock }: Effect): string {
  if (blocksReads(lock)) return 'blocks reads and writes';
  if (blocksWrites(lock)) return 'blocks writes';
  return conflicts(lock, 'ShareUpdateExclusiveLock')
    ? 'blocks other DDL'
    : lock === 'AccessShareLock' || lock === 'RowShareLock' || lock === 'RowExclusiveLock'
      ? 'blocks strong DDL only'
      : 'blocks other DDL';
}

/** The statement on one line. */
function excerpt(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return printable(line.length > 100 ? `${line.slice(0, 99)}…` : line);
}
