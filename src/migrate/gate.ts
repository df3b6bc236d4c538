import { type Catalog, emptyCatalog } from '../catalog/catalog.ts';
import type { ConnectionSettings } from '../db/connection.ts';
import { withSession } from '../db/session.ts';
import { COUNTING, countRows, type RowCount } from '../inspect/row-count.ts';
import type { Finding } from '../lint/engine.ts';
import { hideSecrets } from '../postgres/secrets.ts';
import { SourceText } from '../sql/source-text.ts';
import type { Script, Statement } from '../sql/statement.ts';
import type { Exception } from './exceptions.ts';
import type { LintGate } from './lint-gate.ts';
import { namesBefore, type NamesBefore } from './names-before.ts';
import type { ApplyEvent, BigRelation, RefusedFinding } from './result.ts';
import { stop, type Stop } from './stop.ts';

export interface AtGate {
  readonly connection: ConnectionSettings;
  /** The whole history, in order. */
  readonly scripts: readonly Script[];
  /** Whether a statement is to be run now. */
  readonly isPending: (script: Script, statement: number) => boolean;
  /** Where the role's unqualified names are found. */
  readonly searchPath: readonly string[];
  readonly version: number;
  readonly emit: (event: ApplyEvent) => void;
}

/** By the path of the file: what was found and let through all the same. */
export type Exceptions = ReadonlyMap<string, readonly Exception[]>;

/**
 * Refuses pending files that would hold up the traffic of a table which is there before this run and has rows: all of them at once. In an
 * empty or small database everything passes, so that a new one can replay the history.
 */
export async function passGate(
  gate: LintGate,
  at: AtGate,
): Promise<Stop | { readonly kind: 'open'; exceptions: Exceptions }> {
  const files = gate.lint(at.scripts, startingCatalog(at), at.version);
  const suspects: Suspect[] = [];
  const exceptions = new Map<string, Exception[]>();
  for (const [index, { findings, suppressed }] of files.entries()) {
    const script = at.scripts[index];
    if (script === undefined) continue;
    const pass = (finding: Finding, by: Exception['by'], reason: string): void => {
      const suspect = suspicion(at, script, finding);
      if (suspect === null) return;
      const exception = exceptionFor(suspect, by, reason);
      const { path } = script.source;
      exceptions.set(path, [...(exceptions.get(path) ?? []), exception]);
      at.emit({ event: 'exception', path, ...exception });
    };
    for (const { finding, reason } of suppressed) pass(finding, 'comment', reason);
    for (const finding of findings) {
      const reason = gate.allowed.get(finding.rule);
      if (reason !== undefined) pass(finding, 'flag', reason);
      else suspects.push(...[suspicion(at, script, finding)].filter((suspect) => suspect !== null));
    }
  }
  warnOfUnused(gate, exceptions, at);
  const refused = suspects.length === 0 ? [] : await measure(gate, at, suspects);
  return refused.length === 0 ? { kind: 'open', exceptions } : refusal(refused, gate.minRows);
}

/** A finding that may keep its file from running. */
interface Suspect {
  readonly script: Script;
  readonly statement: Statement;
  readonly finding: Finding;
}

function suspicion({ isPending }: AtGate, script: Script, finding: Finding): Suspect | null {
  if (finding.category !== 'blocking' || finding.severity !== 'error') return null;
  const statement = script.statements.find(({ index }) => index === finding.statement);
  return statement !== undefined && isPending(script, statement.index) ? { script, statement, finding } : null;
}

function startingCatalog({ searchPath }: AtGate): Catalog {
  const catalog = emptyCatalog();
  catalog.session = { searchPath, settings: new Map() };
  return catalog;
}

function exceptionFor({ script, statement, finding }: Suspect, by: Exception['by'], reason: string): Exception {
  const { line } = script.source.position(finding.range.start);
  return { rule: finding.rule, statement: statement.index, line, relations: finding.relations, by, reason };
}

function warnOfUnused({ allowed }: LintGate, exceptions: Exceptions, { emit }: AtGate): void {
  const used = new Set([...exceptions.values()].flat().flatMap(({ rule, by }) => (by === 'flag' ? [rule] : [])));
  for (const rule of allowed.keys())
    if (!used.has(rule))
      emit({
        event: 'warning',
        path: null,
        message: `--allow ${rule} was not needed: no pending file would be refused for it.`,
      });
}

async function measure({ minRows }: LintGate, at: AtGate, suspects: readonly Suspect[]): Promise<RefusedFinding[]> {
  const pending = new Set(
    at.scripts.flatMap((script) => script.statements.filter(({ index }) => at.isPending(script, index))),
  );
  const names = namesBefore(
    at.scripts,
    startingCatalog(at),
    at.version,
    (statement) => pending.has(statement),
    suspects.map(({ statement, finding }) => ({ statement, relations: finding.relations })),
  );
  const asked = [...new Set([...names.values()].flatMap((found) => [...found.values()].flat(2)))];
  const counts = await withSession(at.connection, COUNTING, (session) => countRows(session, asked, minRows));
  return suspects.flatMap((suspect) => {
    const big = bigRelations(suspect, names, counts);
    return big.length === 0 ? [] : [refusedFinding(suspect, big)];
  });
}

function bigRelations(
  { statement, finding }: Suspect,
  names: NamesBefore,
  counts: ReadonlyMap<string, RowCount>,
): BigRelation[] {
  return finding.relations.flatMap((relation) => {
    const lookups = names.get(statement)?.get(relation) ?? [];
    const found = lookups.flatMap((lookup) => lookup.find((name) => isThere(counts.get(name))) ?? []);
    const big = found.map((name) => bigRelation(relation, name, counts.get(name))).find((one) => one !== null);
    return big === undefined ? [] : [big];
  });
}

function isThere(count: RowCount | undefined): boolean {
  return count !== undefined && count.kind !== 'absent';
}

function bigRelation(relation: string, onServer: string, count: RowCount | undefined): BigRelation | null {
  if (count?.kind === 'more') return { relation, onServer, rows: count.rows, unreadable: null };
  return count?.kind === 'unreadable' ? { relation, onServer, rows: null, unreadable: count.why } : null;
}

function refusedFinding({ script, statement, finding }: Suspect, big: readonly BigRelation[]): RefusedFinding {
  const { source } = script;
  const { rule, category, severity, relations, range, message, why, instead } = finding;
  const { line, column } = source.position(range.start);
  const end = source.position(range.end);
  return {
    path: source.path,
    rule,
    category,
    severity,
    line,
    column,
    endLine: end.line,
    endColumn: end.column,
    sourceLine: new SourceText(source.path, hideSecrets(source.text)).line(line),
    statement: statement.index,
    relation: relations[0] ?? null,
    relations,
    big,
    message,
    why,
    instead,
  };
}

function refusal(findings: readonly RefusedFinding[], minRows: number): Stop {
  const [path = '', ...others] = new Set(findings.map((finding) => finding.path));
  const subject = others.length === 0 ? `${path} is` : `${path} and ${others.length} more are`;
  const rules = [...new Set(findings.map(({ rule }) => rule))];
  return stop(
    'lint-gate',
    `${subject} refused: the traffic of tables with more than ${minRows.toLocaleString('en')} rows would be held up; nothing was applied.`,
    `Change what is pending as the findings say. What is harmless here passes with a reason: ${rules
      .map((rule) => `--allow '${rule}: …'`)
      .join(' ')}, or -- tiptoe-disable-next-statement ${rules[0] ?? 'RULE'}: … in the file.`,
    { findings },
  );
}
