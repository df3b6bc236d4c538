import type { Catalog } from '../catalog/catalog.ts';
import { beginSession } from '../catalog/session.ts';
import { advance } from '../effects/effects.ts';
import type { Effects } from '../effects/effect.ts';
import { divideAsRun, type ToolRun } from '../effects/tool-run.ts';
import { isPartitionedName } from '../effects/transaction.ts';
import { divide, type Division, statementsOf, type TransactionMode } from '../effects/units.ts';
import type { Action, Name } from '../sql/action.ts';
import { lex } from '../sql/lexer.ts';
import { SourceText } from '../sql/source-text.ts';
import type { Range, Script, Statement, SyntaxFault } from '../sql/statement.ts';
import type { Category, Rule, RuleContext, Severity, Verdict } from './kit.ts';
import { brokenDirectives } from './broken-directives.ts';
import type { Facts, TableFacts } from './facts.ts';
import { type LiveEffect, liveEffects, type LiveFinding, LiveTables, onServer, type Scene } from './live.ts';
import { DEFAULT_LIVE, type LiveSettings } from './live-settings.ts';
import { insideOf, partOf, whereabouts } from './part.ts';
import { type DeletedFile, deletedVerdict, editSince, MERGED_EDITED } from './merged.ts';
import { verdictOf } from './own-rule.ts';
import { placedDirectives } from './place.ts';
import { levelOf, merged, type Override, type RuleSettings } from './rule-settings.ts';
import { optionValues } from './rule-options.ts';
import { DEFAULT_SETTINGS, type Settings } from './settings.ts';
import { RunningTransaction } from './transaction.ts';
import { Unvalidated } from './unvalidated.ts';
import { readSuppressions, type Suppression } from './suppressions.ts';

/** A migration as its tool runs it; without one, as our own runner does. */
export interface Migration extends Script {
  readonly run?: ToolRun;
}

export interface Finding extends Verdict, LiveFinding {
  readonly rule: string;
  readonly category: Category;
  readonly severity: Severity;
  /** The statement's number in its file, or null where no statement is meant. */
  readonly statement: number | null;
  /** The statement, or the part of it that is meant. */
  readonly range: Range;
  /** Where the statement starts: what a suppression covers is decided here. */
  readonly anchor: number;
}

export interface AnalysedStatement {
  readonly statement: Statement;
  readonly effects: Effects;
  /** By relation, where facts were given. */
  readonly live?: ReadonlyMap<string, LiveEffect>;
}

/** What was found in a file. */
export interface LintedFile {
  readonly script: Pick<Script, 'source'> & Partial<Pick<Script, 'standIns'>>;
  readonly findings: readonly Finding[];
  readonly suppressed: readonly { readonly finding: Finding; readonly reason: string }[];
}

export interface AnalysedFile extends LintedFile {
  readonly script: Migration;
  readonly transaction: TransactionMode;
  /** The statements that run outside of a transaction, by index. */
  readonly alone: ReadonlySet<number>;
  readonly statements: readonly AnalysedStatement[];
}

export interface AnalyseOptions extends RuleSettings {
  readonly rules: readonly Rule[];
  /** What differs for some files; of several for one file, the last has the last word. */
  readonly overrides?: readonly Override[];
  /** The server's major version, 13 to 18. */
  readonly version: number;
  readonly settings?: Settings;
  /** What files were, by their path, that are merged already and changed since. */
  readonly merged?: ReadonlyMap<string, string>;
  /** What is known of the server that the files are for. */
  readonly facts?: Facts;
  /** What the facts mean. */
  readonly live?: LiveSettings;
}

/** Analyses files in order, as one history: each statement is judged by the schema that those before it made. */
export function analyse(scripts: Iterable<Migration>, catalog: Catalog, options: AnalyseOptions): AnalysedFile[] {
  const rulesetFor = rulesets(options);
  const tables = liveTables(options);
  const history: History = { unvalidated: new Unvalidated(), running: null };
  const drafts = Array.from(scripts, (script) => {
    const statements: AnalysedStatement[] = [];
    const ruleset = rulesetFor(script.source.path);
    const draft = analyseFile(script, { catalog, tables }, ruleset, history, (statement) => statements.push(statement));
    return { draft, known: { script, statements, transaction: draft.transaction, alone: draft.alone } };
  });
  endHistory(catalog, history, drafts.at(-1)?.draft);
  return drafts.map(({ draft, known }) => ({ ...known, ...suppress(draft) }));
}

/** As `analyse`, for the findings alone: what statements do is let go as soon as the rules have seen it, so that memory stays small. */
export function lint(scripts: Iterable<Migration>, catalog: Catalog, options: AnalyseOptions): LintedFile[] {
  const rulesetFor = rulesets(options);
  const tables = liveTables(options);
  const history: History = { unvalidated: new Unvalidated(), running: null };
  const drafts = Array.from(scripts, (script) => ({
    draft: analyseFile(script, { catalog, tables }, rulesetFor(script.source.path), history, () => undefined),
    script: { source: script.source, standIns: script.standIns },
  }));
  endHistory(catalog, history, drafts.at(-1)?.draft);
  return drafts.map(({ draft, script }) => {
    const { findings, suppressed } = suppress(draft);
    return { script, findings, suppressed };
  });
}

/** Migrations that are merged already and are no longer there. */
export function lintDeleted(deleted: readonly DeletedFile[], options: AnalyseOptions): LintedFile[] {
  const rulesetFor = rulesets(options);
  return deleted.map((file) => {
    const reports = new Reports(rulesetFor(file.path));
    const range = { start: 0, end: 0 };
    reports.add(MERGED_EDITED, deletedVerdict(file), { statement: null, range, anchor: 0 });
    return { script: { source: new SourceText(file.path, file.text) }, findings: reports.take(), suppressed: [] };
  });
}

/** What is known of a file before the history ends. */
interface Draft {
  readonly transaction: TransactionMode;
  readonly alone: ReadonlySet<number>;
  readonly reports: Reports;
  readonly suppressions: ReturnType<typeof readSuppressions>;
}

/** Where a statement is reported that a later file may yet make good. */
interface Reported {
  readonly reports: Reports;
  readonly place: Where;
}

/** What goes on from file to file, beside the schema. */
interface History {
  readonly unvalidated: Unvalidated<Reported>;
  /** The transaction that the last file ended with. */
  running: RunningTransaction | null;
}

/** What only the end of the history shows. After the last file another one may come, so that it is not judged yet. */
function endHistory(catalog: Catalog, { unvalidated }: History, last: Draft | undefined): void {
  for (const { where, verdict } of unvalidated.left(catalog))
    if (where.reports !== last?.reports) where.reports.add('constraint-left-not-valid', verdict, where.place);
}

/** The options with the rules as they are looked up. */
interface Ruleset extends AnalyseOptions {
  /** Those that are not off, by the kinds of statements that they look at. */
  readonly byKind: ReadonlyMap<string, readonly Asked[]>;
  readonly byName: ReadonlyMap<string, Rule>;
}

/** A rule, and what was set of its options. */
interface Asked {
  readonly rule: Rule;
  readonly options: RuleContext['options'];
}

/** The rules as they are for a file; files for which the same overrides apply share them. */
function rulesets(options: AnalyseOptions): (path: string) => Ruleset {
  const made = new Map<string, Ruleset>();
  const { overrides = [] } = options;
  return (path) => {
    const applied = overrides.filter(({ appliesTo }) => appliesTo(path));
    const key = applied.map((override) => overrides.indexOf(override)).join();
    const ruleset = made.get(key) ?? rulesetOf({ ...options, ...merged([options, ...applied]) });
    made.set(key, ruleset);
    return ruleset;
  };
}

function rulesetOf(options: AnalyseOptions): Ruleset {
  const byKind = new Map<string, Asked[]>();
  for (const rule of options.rules) {
    if (levelOf(rule, options) === 'off') continue;
    const asked = { rule, options: optionValues(rule.options ?? {}, options.options?.[rule.name]) };
    for (const kind of rule.on) byKind.set(kind, [...(byKind.get(kind) ?? []), asked]);
  }
  return { ...options, byKind, byName: new Map(options.rules.map((rule) => [rule.name, rule])) };
}

function liveTables({ facts }: AnalyseOptions): LiveTables | null {
  return facts === undefined ? null : new LiveTables(facts);
}

/** Where the history has come to. */
interface State {
  readonly catalog: Catalog;
  readonly tables: LiveTables | null;
}

function analyseFile(
  script: Migration,
  { catalog, tables }: State,
  ruleset: Ruleset,
  history: History,
  keep: (statement: AnalysedStatement) => void,
): Draft {
  const actions = script.statements.map(({ action }) => action);
  const { run } = script;
  if (run?.joins !== true) beginSession(catalog, actions);
  const { division, inside: open } = divided(script, catalog);
  const before = run?.joins === true ? history.running : null;
  const { transactionOf, last } = transactions(script, division, before);
  history.running = last;
  const placed = placedDirectives(script);
  const isBackfill = script.source.path.endsWith('.backfill.sql') || placed.some(({ name }) => name === 'backfill');
  const reports = new Reports(ruleset);
  const file: FileBeingRead = { script, catalog, tables, ruleset, reports, actions, directives: placed, isBackfill };
  let inTransaction = false;
  for (const [at, statement] of script.statements.entries()) {
    const { action, index, range } = statement;
    if (open !== null) inTransaction = open.has(index);
    const transaction = transactionOf.get(statement) ?? new RunningTransaction();
    const analysed = analyseStatement(file, at, statement, { inTransaction, transaction });
    keep(analysed);
    const place = { statement: index, range, anchor: range.start };
    history.unvalidated.add(catalog, action, { reports, place });
    const { notUnderstood: doubt, relations } = analysed.effects;
    if (doubt !== null) {
      const names = relations.map(({ relation }) => relation);
      reports.add('not-understood', notUnderstood(doubt, names), place);
    }
    if (action.kind === 'transaction') inTransaction = transactionOpen(action.command, inTransaction);
  }
  for (const { reason, range, anchor } of script.unread)
    reports.add('not-understood', notUnderstood(reason, []), { statement: null, range, anchor });
  for (const fault of script.faults)
    reports.add('syntax-error', syntaxError(script, fault), {
      statement: fault.index,
      range: brokenToken(script, fault),
      anchor: fault.range.start,
    });
  const edit = editSince(ruleset.merged?.get(script.source.path), script.source);
  if (edit !== null)
    reports.add(MERGED_EDITED, edit.verdict, { statement: null, range: edit.range, anchor: edit.range.start });
  for (const { verdict, range } of brokenDirectives(script.comments))
    reports.add('unknown-directive', verdict, { statement: null, range, anchor: range.start });
  history.running?.leave(script.source.path);
  return {
    transaction: division?.transaction ?? 'file',
    alone: aloneIn(division),
    reports,
    suppressions: readSuppressions(script),
  };
}

/** A file while its statements are judged one after the other. */
interface FileBeingRead extends State {
  readonly script: Migration;
  readonly ruleset: Ruleset;
  readonly reports: Reports;
  readonly actions: readonly Action[];
  readonly directives: ReturnType<typeof placedDirectives>;
  readonly isBackfill: boolean;
}

const NO_OPTIONS: RuleContext['options'] = {};

/** Reports what the rules say of a statement and of all that its code runs, and brings the catalog to after it. */
function analyseStatement(
  { script, catalog, tables, ruleset, reports, actions, directives, isBackfill }: FileBeingRead,
  at: number,
  statement: Statement,
  { inTransaction, transaction }: { readonly inTransaction: boolean; readonly transaction: RunningTransaction },
): AnalysedStatement {
  const { action, index, range } = statement;
  const place = { actions, at, directives, isBackfill };
  const inside = insideOf(catalog, action, place);
  const live = ruleset.live ?? DEFAULT_LIVE;
  // A loop, or a function called twice, comes to the same statement again.
  const said = new Set<string>();
  const seen = new Map<string, TableFacts | null>();
  const found = advance(catalog, action, ruleset.version, ({ action, effects, within }) => {
    const part = within === null ? range : partOf(script, statement, within);
    const context = {
      action,
      text: within === null ? statement.text : within.text,
      effects,
      catalog,
      version: ruleset.version,
      inTransaction: inTransaction || within !== null,
      file: within === null ? place : { ...inside(action), isBackfill },
      settings: ruleset.settings ?? DEFAULT_SETTINGS,
      facts: ruleset.facts ?? null,
      transaction,
      run: script.run ?? null,
      options: NO_OPTIONS,
    };
    const where = (): string => `${script.source.path}:${script.source.position(part.start).line}`;
    for (const { rule, options } of ruleset.byKind.get(action.kind) ?? []) {
      const verdict = verdictOf(rule, rule.options === undefined ? context : { ...context, options }, where);
      if (verdict === null) continue;
      const saying = `${rule.name} ${verdict.message}`;
      if (said.has(saying)) continue;
      said.add(saying);
      const told = within === null ? verdict : { ...verdict, why: `${verdict.why} ${whereabouts(within)}` };
      const place = { statement: index, range: part, anchor: range.start };
      reports.add(rule.name, told, place, tables && { action, effects, catalog, tables, settings: live });
    }
    if (tables !== null) {
      for (const { relation } of effects.relations) seen.set(relation, tables.of(catalog, relation));
      tables.follow(catalog, action);
    }
    if (action.kind !== 'do') transaction.add(context, catalog, () => script.source.position(part.start).line);
  });
  if (tables === null) return { statement, effects: found };
  return { statement, effects: found, live: liveEffects(action, found, catalog, seen, live) };
}

/**
 * What commits together, null for what the runner refuses to divide, and so to run; and, where a tool runs the file, the statements that a
 * transaction is open before.
 */
function divided(
  script: Migration,
  catalog: Catalog,
): { readonly division: Division | null; readonly inside: ReadonlySet<number> | null } {
  const isPartitioned = (name: Name): boolean => isPartitionedName(catalog, name);
  if (script.run !== undefined) {
    const division = divideAsRun(script, script.run, isPartitioned);
    return { division, inside: division.inside };
  }
  const division = divide(script, isPartitioned);
  return { division: division.kind === 'units' ? division : null, inside: null };
}

function aloneIn(division: Division | null): ReadonlySet<number> {
  const units = division?.units.filter(({ kind }) => kind === 'alone') ?? [];
  return new Set(units.flatMap(statementsOf).map(({ index }) => index));
}

/** The transaction of each statement; BEGIN and COMMIT belong to none. The first one may go on from the file before; the last one is told. */
function transactions(
  script: Script,
  division: Division | null,
  before: RunningTransaction | null,
): { readonly transactionOf: ReadonlyMap<Statement, RunningTransaction>; readonly last: RunningTransaction | null } {
  const transactionOf = new Map<Statement, RunningTransaction>();
  let last = before;
  for (const [at, statements] of (division?.units.map(statementsOf) ?? [script.statements]).entries()) {
    const transaction = (at === 0 ? before : null) ?? new RunningTransaction();
    for (const statement of statements) transactionOf.set(statement, transaction);
    if (statements.length > 0) last = transaction;
  }
  return { transactionOf, last };
}

function transactionOpen(command: string, before: boolean): boolean {
  if (command === 'begin') return true;
  return command === 'commit' || command === 'rollback' || command === 'prepare' ? false : before;
}

interface Where {
  readonly statement: number | null;
  readonly range: Range;
  readonly anchor: number;
}

/** Findings with the category and severity of their rules; rules that are off report nothing. */
class Reports {
  #findings: Finding[] = [];
  readonly #ruleset: Ruleset;

  constructor(ruleset: Ruleset) {
    this.#ruleset = ruleset;
  }

  /** What was added since the last time. */
  take(): Finding[] {
    const findings = this.#findings;
    this.#findings = [];
    return findings;
  }

  isOff(rule: string): boolean {
    const known = this.#ruleset.byName.get(rule);
    return known !== undefined && levelOf(known, this.#ruleset) === 'off';
  }

  knows(rule: string): boolean {
    return this.#ruleset.byName.has(rule);
  }

  /** With a scene, the finding is judged by what the server knows. */
  add(name: string, verdict: Verdict, place: Where, scene: Scene | null = null): void {
    const rule = this.#ruleset.byName.get(name);
    if (rule === undefined) return;
    const severity = levelOf(rule, this.#ruleset);
    if (severity === 'off') return;
    const finding = { rule: name, category: rule.category, severity, ...verdict, ...place };
    this.#findings.push(scene === null ? finding : onServer(finding, scene));
  }
}

function suppress({ reports, suppressions: written }: Draft): Pick<AnalysedFile, 'findings' | 'suppressed'> {
  const { suppressions, broken } = written;
  for (const { message, instead, range } of broken) {
    const verdict = { relations: [], message, why: 'It hides nothing, though its author thinks it does.', instead };
    reports.add('unknown-suppression', verdict, { statement: null, range, anchor: range.start });
  }
  const find = finder(suppressions);
  const used = new Set<Suppression>();
  const suppressed: { finding: Finding; reason: string }[] = [];
  const hide = (findings: readonly Finding[]): Finding[] =>
    findings.filter((finding) => {
      const match = find(finding);
      if (match === undefined) return true;
      used.add(match);
      suppressed.push({ finding, reason: match.reason });
      return false;
    });
  const kept = hide(reports.take());
  for (const suppression of suppressions) {
    const place = { statement: null, range: suppression.range, anchor: suppression.range.start };
    if (!reports.knows(suppression.rule)) reports.add('unknown-suppression', unknownRule(suppression.rule), place);
    else if (!used.has(suppression) && !reports.isOff(suppression.rule)) {
      reports.add('unused-suppression', unusedSuppression(suppression.rule), place);
    }
  }
  const findings = [...kept, ...hide(reports.take())].sort(
    (a, b) => a.anchor - b.anchor || a.range.start - b.range.start,
  );
  return { findings, suppressed };
}

/** Most suppressions are for one statement each, and are found by where it starts; the few that cover a stretch are looked through. */
function finder(suppressions: readonly Suppression[]): (finding: Finding) => Suppression | undefined {
  const single = new Map<string, Suppression>();
  const stretches: Suppression[] = [];
  for (const suppression of suppressions) {
    const { rule, covers } = suppression;
    if (covers.end - covers.start === 1) single.set(`${rule} ${covers.start}`, suppression);
    else stretches.push(suppression);
  }
  return ({ rule, anchor }) =>
    single.get(`${rule} ${anchor}`) ??
    stretches.find((other) => other.rule === rule && anchor >= other.covers.start && anchor < other.covers.end);
}

/** The token at which the parser gave up. */
function brokenToken({ source }: Script, { offset, range }: SyntaxFault): Range {
  const [token] = lex(source.text.slice(0, range.end), offset);
  return { start: offset, end: token?.start === offset && token.terminated ? token.end : offset + 1 };
}

function notUnderstood(reason: string, relations: readonly string[]): Verdict {
  return {
    relations,
    message: `${reason}, so what it locks is not known either`,
    why: 'tiptoe cannot say whether this holds up traffic; take it for the worst until someone has looked.',
    instead:
      'Read what it locks in PostgreSQL’s documentation, then suppress this finding with what you found as the reason.',
  };
}

function syntaxError({ source }: Script, { message, offset }: { message: string; offset: number }): Verdict {
  const variable = /^:([A-Za-z_]\w*)/.exec(source.text.slice(offset))?.[1];
  return {
    relations: [],
    message,
    why: 'PostgreSQL refuses the statement; the statements around it are still checked.',
    instead:
      variable === undefined
        ? 'Correct the statement.'
        : `If :${variable} is a variable, give its value: --var ${variable}=…`,
  };
}

function unknownRule(rule: string): Verdict {
  return {
    relations: [],
    message: `there is no rule '${rule}' to suppress`,
    why: 'A misspelt suppression hides nothing.',
    instead: 'See the names with: tiptoe rules',
  };
}

function unusedSuppression(rule: string): Verdict {
  return {
    relations: [],
    message: `nothing here for ${rule} to find, so the suppression is not needed`,
    why: 'Left in place, it would hide the next finding without anybody looking.',
    instead: 'Remove it.',
  };
}
