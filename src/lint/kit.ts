import { type Catalog, creationSchema, keyOf, resolve } from '../catalog/catalog.ts';
import type { ToolRun } from '../effects/tool-run.ts';
import type { Effect, EffectPart, Effects } from '../effects/effect.ts';
import { blocksReads, blocksWrites } from '../postgres/lock-mode.ts';
import { qualify } from '../postgres/quote.ts';
import { addedColumns } from './names.ts';
import type { Action, ActionKind, ActionOf, AlterCommand, ColumnDef, Name } from '../sql/action.ts';
import type { Facts } from './facts.ts';
import type { Place } from './place.ts';
import type { OptionValues, RuleOptions } from './rule-options.ts';
import type { Settings } from './settings.ts';
import type { Transaction } from './transaction.ts';
import { once } from './once.ts';
import type { Aliases } from './other-linters.ts';

/** All that a rule needs; rules import nothing else. */
export type { Action, ActionOf, AlterCommand, ConstraintDef, Expression, Name, TypeName } from '../sql/action.ts';
export type { Effect } from '../effects/effect.ts';
export { blocksReads, blocksWrites } from '../postgres/lock-mode.ts';
export { cuts, lossOf } from '../postgres/lossy-change.ts';
export { quoteIdent, quoteLiteral } from '../postgres/quote.ts';
export { REQUIRED_WITHOUT_VALUE } from '../effects/columns.ts';
export { plainWords } from '../sql/plain-words.ts';
export { newerFeatures } from '../postgres/features.ts';
export { canReference, castContext } from '../postgres/casts.ts';
export { sameType } from '../postgres/type-change.ts';
export { spelledType } from '../effects/type-change.ts';
export { mutableCall } from '../effects/volatility.ts';
export { runsAlone, runsAloneHere } from '../effects/transaction.ts';
export {
  allTables,
  baseType,
  type Catalog,
  creationSchema,
  defaultPartition,
  findIndex,
  findTable,
  isPartitioned,
  isSerial,
  qualifiedName,
  resolve,
  type Table,
  typeKey,
  viewsOf,
} from '../catalog/catalog.ts';
export { publicationsOf, publishedColumns } from '../catalog/publications.ts';
export { addedConstraints } from './added.ts';
export { notImmutable } from './not-immutable.ts';
export { keyColumns } from './foreign-keys.ts';
export { stringLiterals } from './literals.ts';
export {
  changesSentBy,
  getsIdentityLater,
  givesIdentity,
  hasReplicaIdentity,
  joinedPublications,
} from './replication.ts';
export { partitionedTable } from './partitions.ts';
export { once };
export { addedColumns, isMadeBefore, isMadeLater } from './names.ts';
export { afterwards } from './place.ts';
export { newTableSettings } from './settings.ts';
export { familyOf, isLong, keptOut, unbatchedTables } from './work.ts';
export { heldDuring } from './transaction.ts';
export { declaredWrites, shownNumber, shownRate } from './write-rate.ts';
export { busiestTable } from './facts.ts';
export { WRITE_HEAVY, writeSigns } from './write-signs.ts';

/** The kinds of statements that change a relation for others, for a moment at least. */
export const RELATION_CHANGES = [
  'alter-table',
  'create-index',
  'create-table',
  'create-trigger',
  'create-rule',
  'create-policy',
  'alter-policy',
  'drop-table-object',
  'drop-relation',
  'rename',
  'set-schema',
] as const satisfies readonly ActionKind[];

export type Category =
  | 'blocking'
  | 'locking'
  | 'load'
  | 'compatibility'
  | 'data-loss'
  | 'correctness'
  | 'policy'
  | 'style';
export type Severity = 'error' | 'warning';

export interface RuleContext<A extends Action = Action, O extends RuleOptions = RuleOptions> {
  readonly action: A;
  /** What the team set of the rule's options, or their defaults. */
  readonly options: OptionValues<O>;
  /** As it is sent to the server. */
  readonly text: string;
  readonly effects: Effects;
  /** The schema before the statement. */
  readonly catalog: Catalog;
  readonly version: number;
  /** True inside a BEGIN that the file wrote, or where the framework wraps the file. */
  readonly inTransaction: boolean;
  /** Everything the file does, this statement included, and where this one stands in it. */
  readonly file: Place & { readonly isBackfill: boolean };
  /** What the transaction has done before this statement: one that the file wrote, or the one that the runner puts around it. */
  readonly transaction: Transaction;
  /** How a migration tool runs the file; null where our own runner does. */
  readonly run: ToolRun | null;
  /** What the team decided in its config. */
  readonly settings: Settings;
  /** What is known of the server; null where nothing was given. */
  readonly facts: Facts | null;
}

/** What a rule says of a statement: what happens, why it hurts, what to do instead, with the real names. */
export interface Verdict {
  /** The main one first. */
  readonly relations: readonly string[];
  readonly message: string;
  readonly why: string;
  readonly instead: string;
  /** Where it is not what the rule or the config says. */
  readonly severity?: Severity;
}

export interface Example {
  /** The migration. */
  readonly sql: string;
  /** What earlier migrations made. */
  readonly before?: string;
  /** What the file was when it was merged, where it was edited since. */
  readonly merged?: string;
  /** What later migrations do. */
  readonly after?: string;
  /** The first major version on which it runs. */
  readonly since?: number;
  /** The last major version of which it is true. */
  readonly until?: number;
  /** The SQLSTATE with which the server refuses it. */
  readonly fails?: string;
  /** Of a bad one: other rules that rightly find another hazard in it. */
  readonly also?: readonly string[];
}

export interface Docs {
  readonly what: string;
  readonly why: string;
  readonly instead: string;
  /** An address; of tiptoe's own rules, in PostgreSQL's documentation. */
  readonly source?: string;
}

interface RuleBase {
  /** Kebab-case, and the name of its file: it names the hazard, so that a suppression reads well. */
  readonly name: string;
  readonly category: Category;
  /** A rule that is `off` is for those who ask for it in their config. */
  readonly severity: Severity | 'off';
  /** What other linters call the hazard, or a part of it. */
  readonly aliases?: Aliases;
  readonly docs: Docs;
  readonly examples: { readonly bad: readonly Example[]; readonly good: readonly Example[] };
  /** What a team may set of it. */
  readonly options?: RuleOptions;
}

export interface Rule extends RuleBase {
  /** The file of a rule that did not come with tiptoe. */
  readonly origin?: string;
  readonly on: readonly ActionKind[];
  /** A method, so that a rule may take less than any statement: it is only asked about those that it is `on`. */
  check(context: RuleContext): Verdict | null;
}

/** A rule that looks at statements of certain kinds; `check` receives just those, and has no side effect. */
export function defineRule<K extends ActionKind, const O extends RuleOptions = {}>(
  rule: Omit<RuleBase, 'options' | 'examples'> & {
    /** A rule of tiptoe's own has them, and they are tried. */
    readonly examples?: RuleBase['examples'];
    readonly options?: O;
    readonly on: readonly K[];
    readonly check: (context: RuleContext<ActionOf<K>, O>) => Verdict | null;
  },
): Rule {
  return { ...rule, examples: rule.examples ?? { bad: [], good: [] } };
}

/** A rule about columns that tables get, whatever else the statement does; all of a statement are one finding. */
export function defineColumnRule<const O extends RuleOptions = {}>({
  concerns,
  ...rule
}: Omit<RuleBase, 'options'> & {
  readonly options?: O;
  readonly concerns: (
    column: ColumnDef,
    given: { readonly primaryKey: readonly string[]; readonly options: OptionValues<O> },
  ) => boolean;
}): Rule {
  return defineRule({
    ...rule,
    on: ['create-table', 'alter-table'],
    check: ({ action, catalog, options }) => {
      const isNew = action.kind === 'create-table';
      const columns = isNew
        ? action.columns
        : action.commands.flatMap((command) => (command.kind === 'add-column' ? [command.column] : []));
      const constraints = isNew ? action.constraints : [];
      const primaryKey = constraints.flatMap((other) => (other.kind === 'primary-key' ? other.columns : []));
      const found = columns.filter((column) => concerns(column, { primaryKey, options }));
      if (found.length === 0) return null;
      const table = isNew
        ? keyOf(creationSchema(catalog, action.name), action.name.name)
        : resolve(catalog, action.name);
      return {
        relations: [table],
        message: `${list(found.map(({ name }) => `${table}.${name}`))}: ${rule.docs.what.charAt(0).toLowerCase()}${rule.docs.what.slice(1, -1)}`,
        why: rule.docs.why,
        instead: rule.docs.instead,
      };
    },
  });
}

/** A rule whose findings the engine itself makes, because there is no statement to look at; here are its documentation and severity. */
export function defineEngineRule(rule: RuleBase): Rule {
  return { ...rule, on: [], check: () => null };
}

/** A relation whose traffic a statement holds up, and the part of the statement that does. */
export interface Blocked {
  readonly effect: Effect;
  readonly part: EffectPart;
}

/**
 * What makes a statement `blocking`: work on a relation that existed before the file, under a lock that keeps its traffic out for as long as it
 * is big. One entry a relation, for the first part of it that `concerns` the rule.
 */
export function blocked(
  effects: Effects,
  concerns: (part: EffectPart, effect: Effect) => boolean = () => true,
): Blocked[] {
  const found: Blocked[] = [];
  for (const effect of effects.relations) {
    if (!effect.preexisting || effect.online || !blocksWrites(effect.lock)) continue;
    const part = effect.parts.find((candidate) => candidate.scan && concerns(candidate, effect));
    if (part !== undefined) found.push({ effect, part });
  }
  return found;
}

/** `reads and writes` or `writes`. */
export function whoWaits(effect: Effect): string {
  return blocksReads(effect.lock) ? 'reads and writes' : 'writes';
}

export function relationsOf(found: readonly Blocked[]): string[] {
  return found.map(({ effect }) => effect.relation);
}

/** The reason as a sentence: `SET NOT NULL checks every row, under AccessExclusiveLock.` */
export function reason({ effect, part }: Blocked): string {
  return `${part.because.charAt(0).toUpperCase()}${part.because.slice(1)}, under ${effect.lock}.`;
}

/** More than these are counted, not named. */
const NAMED = 10;

/** `a`, `a and b`, `a, b and c`; of very many, the first ones and how many more. */
export function list(items: readonly string[]): string {
  const shown = items.length > NAMED ? [...items.slice(0, NAMED - 1), `${items.length - NAMED + 1} more`] : items;
  return shown.length < 2 ? (shown[0] ?? '') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

const byRelation = once(
  ({ relations }: Effects): ReadonlyMap<string, Effect> =>
    new Map(relations.map((effect) => [effect.relation, effect])),
);

/** What a statement does to a relation that it names and that stood before the file; null where it does nothing, or the file made it. */
export function standing({ effects, catalog }: RuleContext, name: Name): Effect | null {
  const effect = byRelation(effects).get(resolve(catalog, name));
  return effect?.preexisting === true ? effect : null;
}

/** Whether it reads the table that it writes, beside the rows that it changes. */
export function readsItself({ action, catalog }: RuleContext<ActionOf<'dml'>>): boolean {
  const key = resolve(catalog, action.table);
  return action.reads.some((read) => resolve(catalog, read) === key);
}

/** The subcommands of one kind that ALTER TABLE gives a table that stood before the file. */
export function commandsOn<K extends AlterCommand['kind']>(
  context: RuleContext<ActionOf<'alter-table'>>,
  kind: K,
): { readonly effect: Effect; readonly commands: readonly Extract<AlterCommand, { kind: K }>[] } | null {
  const isKind = (command: AlterCommand): command is Extract<AlterCommand, { kind: K }> => command.kind === kind;
  const commands = context.action.commands.filter(isKind);
  const effect = commands.length === 0 ? null : standing(context, context.action.name);
  return effect === null ? null : { effect, commands };
}

/** Whether an earlier statement of the file added the column, so that no running code knows it. */
export function isNewColumn({ file }: RuleContext, table: Name, column: string): boolean {
  return addedColumns({ ...file, at: file.at - 1 }, table).some(({ name }) => name === column);
}

/** A relation's name as SQL. */
export function sqlName({ schema, name }: Name): string {
  return qualify(schema ?? undefined, name);
}
