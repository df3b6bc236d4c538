import { roughBytes } from '../bytes.ts';
import { type Catalog, qualifiedName, resolve } from '../catalog/catalog.ts';
import type { Effect, Effects } from '../effects/effect.ts';
import { blocksWrites } from '../postgres/lock-mode.ts';
import type { Action } from '../sql/action.ts';
import { type Estimate, estimateOf, roughRange, type WorkBytes } from './estimate.ts';
import type { Facts, TableFacts } from './facts.ts';
import type { Category, Severity } from './kit.ts';
import type { LiveSettings } from './live-settings.ts';
import { writeEstimate } from './write-estimate.ts';

/** A statement and what is known of the server that it will run on. */
export interface Scene {
  readonly action: Action;
  readonly effects: Effects;
  /** The schema before the statement. */
  readonly catalog: Catalog;
  readonly tables: LiveTables;
  readonly settings: LiveSettings;
}

/** The part of a finding that facts may change. */
interface Judged {
  readonly category: Category;
  readonly severity: Severity;
  readonly relations: readonly string[];
  readonly message: string;
}

/** What is known of the biggest table of a finding. */
export interface FindingFacts extends Omit<TableFacts, 'heapBytes'> {
  readonly relation: string;
}

export interface LiveFinding {
  readonly facts?: FindingFacts;
  readonly estimate?: Estimate;
}

/** What is known of a relation that a statement works on. */
export interface LiveEffect {
  readonly facts: TableFacts;
  readonly estimate: Estimate | null;
}

/** The facts, by the names that tables have at a point of the history. */
export class LiveTables {
  readonly #tables: Map<string, TableFacts>;

  constructor({ tables }: Facts) {
    this.#tables = new Map(tables);
  }

  /** The facts of a table, or of the table of an index. */
  of(catalog: Catalog, key: string): TableFacts | null {
    const relation = catalog.relations.get(key);
    return this.#tables.get(relation?.kind === 'index' ? qualifiedName(relation.table) : key) ?? null;
  }

  /** Follows a statement that names a table anew; the catalog is the one before it. */
  follow(catalog: Catalog, action: Action): void {
    if (action.kind === 'set-schema')
      this.#move(resolve(catalog, action.relation), `${action.schema}.${action.relation.name}`);
    if (action.kind !== 'rename' || !RELATIONS.has(action.what)) return;
    const from = resolve(catalog, action.relation);
    this.#move(from, `${from.slice(0, -action.relation.name.length)}${action.to}`);
  }

  #move(from: string, to: string): void {
    const facts = this.#tables.get(from);
    // A history that the server has behind it names the tables once more; it knows each by its last name.
    if (facts === undefined) return;
    this.#tables.delete(from);
    // Two tables that changed places, and nobody can say which of them is meant.
    if (this.#tables.delete(to)) return;
    this.#tables.set(to, facts);
  }
}

const RELATIONS: ReadonlySet<string> = new Set(['table', 'materialized-view']);

const BY_SIZE: ReadonlySet<Category> = new Set<Category>(['blocking', 'locking', 'load']);

/** The finding as it is on this server: milder where all of its tables are tiny, louder where a lock meets heavy traffic. */
export function onServer<F extends Judged>(finding: F, scene: Scene): F & LiveFinding {
  if (!BY_SIZE.has(finding.category)) return withWrites(finding, scene);
  const own = new Set([...finding.relations, ...worked(scene)]);
  const concerned = [...own, ...partitionedAbove(own, scene)].filter((key) => hasRows(scene.catalog, key));
  const known = concerned.map((relation) => ({ relation, facts: scene.tables.of(scene.catalog, relation) }));
  const hot = hottest(finding, scene);
  const biggest = known.reduce<Known | undefined>((most, one) => (isBigger(one, most) ? one : most), undefined);
  const isTiny = known.length > 0 && known.every(({ facts }) => facts !== null && tiny(facts, scene.settings));
  const softens = finding.severity === 'error' && isTiny && hot === null;
  const isLouder = finding.severity === 'warning' && finding.category === 'locking' && hot !== null;
  const estimate = estimateFor(scene);
  const notes = [
    ...(softens && biggest !== undefined ? [`a warning here: ${biggest.relation} has ${size(biggest.facts)}`] : []),
    ...(isLouder ? [`an error here: ${hot.relation} takes ${rate(hot.writesPerSecond)}`] : []),
    ...(hot !== null && !isLouder && isTiny ? [`${hot.relation} takes ${rate(hot.writesPerSecond)}`] : []),
    ...(estimate === null || softens ? [] : [`${roughRange(estimate.seconds)} for ${estimate.basis}`]),
    ...(softens ? [] : neverAnalysed(known, scene.settings)),
  ];
  return {
    ...finding,
    severity: softens ? 'warning' : isLouder ? 'error' : finding.severity,
    ...(notes.length === 0 ? {} : { message: `${finding.message} (${notes.join('; ')})` }),
    ...(biggest?.facts ? { facts: findingFacts(biggest.relation, biggest.facts) } : {}),
    ...(estimate === null ? {} : { estimate }),
  };
}

interface Known {
  readonly relation: string;
  readonly facts: TableFacts | null;
}

function findingFacts(relation: string, { rows, bytes, indexBytes, writesPerSecond }: TableFacts): FindingFacts {
  return { relation, rows, bytes, indexBytes, writesPerSecond };
}

/** What is not known may be the biggest of all. */
function isBigger({ facts }: Known, most: Known | undefined): boolean {
  if (most === undefined || facts === null) return true;
  return most.facts !== null && (facts.bytes ?? Infinity) > (most.facts.bytes ?? Infinity);
}

function tiny({ rows, bytes }: TableFacts, { tinyRows, tinyBytes }: LiveSettings): boolean {
  return rows !== null && rows <= tinyRows && bytes !== null && bytes <= tinyBytes;
}

/** Statements that take their time with every table they lock, not only with those that they change. */
const QUERIES: ReadonlySet<Action['kind']> = new Set(['dml', 'create-table-as', 'refresh-materialized-view']);

/** What stood before the file and the statement takes the longer with, the bigger it is. */
function worked({ action, effects }: Scene): string[] {
  return effects.relations.flatMap(({ preexisting, rewrite, scan, indexBuild, rows, relation }) =>
    preexisting && (rewrite || scan || indexBuild || rows || QUERIES.has(action.kind)) ? [relation] : [],
  );
}

/** Of partitions, what the statement locks above them: many small ones are a big table. */
function partitionedAbove(own: ReadonlySet<string>, { effects, catalog }: Scene): string[] {
  const locked = new Set(effects.relations.map(({ relation }) => relation));
  const above = new Set<string>();
  for (const name of own)
    for (const parent of partitionedParents(catalog, name))
      if (locked.has(parent) && !own.has(parent)) above.add(parent);
  return [...above];
}

function partitionedParents(catalog: Catalog, name: string): string[] {
  const relation = catalog.relations.get(name);
  if (relation?.kind !== 'table') return [];
  return [...relation.parents].filter(({ partitionBy }) => partitionBy !== null).map(qualifiedName);
}

/** A sequence and a view are neither big nor small. What is not known is taken for a table. */
function hasRows(catalog: Catalog, key: string): boolean {
  const kind = catalog.relations.get(key)?.kind;
  return kind !== 'sequence' && kind !== 'view';
}

interface Hot {
  readonly relation: string;
  readonly writesPerSecond: number;
}

/** The most written of the tables that the finding is about or that the statement keeps writers out of. */
function hottest({ relations }: Judged, { effects, catalog, tables, settings }: Scene): Hot | null {
  const locked = effects.relations.flatMap(({ relation, preexisting, lock }) =>
    preexisting && blocksWrites(lock) ? [relation] : [],
  );
  let most: Hot | null = null;
  for (const relation of new Set([...relations, ...locked])) {
    const writesPerSecond = tables.of(catalog, relation)?.writesPerSecond ?? 0;
    if (writesPerSecond >= settings.hotWritesPerSecond && writesPerSecond > (most?.writesPerSecond ?? 0))
      most = { relation, writesPerSecond };
  }
  return most;
}

/** A small table would be taken for tiny, were its rows known: that takes one command. */
function neverAnalysed(known: readonly Known[], { tinyBytes }: LiveSettings): string[] {
  const [first] = known.filter(({ facts }) => facts?.rows === null && (facts.bytes ?? Infinity) <= tinyBytes);
  return first === undefined ? [] : [`${first.relation} was never analysed, so its rows are not known`];
}

/** Of each relation that stood before the file and of which something was known then. */
export function liveEffects(
  action: Action,
  effects: Effects,
  catalog: Catalog,
  known: ReadonlyMap<string, TableFacts | null>,
  settings: LiveSettings,
): Map<string, LiveEffect> {
  const found = new Map<string, LiveEffect>();
  const written = action.kind === 'dml' ? resolve(catalog, action.table) : null;
  const writes = writeEstimate({ action, effects }, catalog, (key) => known.get(key) ?? null, settings);
  for (const effect of effects.relations) {
    const facts = effect.preexisting ? (known.get(effect.relation) ?? null) : null;
    if (facts === null) continue;
    const estimate = effect.relation === written ? writes : estimateOf(workOn(effect, facts, catalog) ?? {}, settings);
    found.set(effect.relation, { facts, estimate });
  }
  return found;
}

/** Rows that go are a loss whatever their number; how many they are is told all the same. */
function withWrites<F extends Judged>(
  finding: F,
  { action, effects, catalog, tables, settings }: Scene,
): F & LiveFinding {
  if (action.kind !== 'dml' || !finding.relations.includes(resolve(catalog, action.table))) return finding;
  const estimate = writeEstimate({ action, effects }, catalog, (key) => tables.of(catalog, key), settings);
  if (estimate === null) return finding;
  const note = `${roughRange(estimate.seconds)} for ${estimate.basis}`;
  return { ...finding, message: `${finding.message} (${note})`, estimate };
}

/** All that the statement works through; null where the size of any of it is not known. */
function estimateFor({ action, effects, catalog, tables, settings }: Scene): Estimate | null {
  const writes = writeEstimate({ action, effects }, catalog, (key) => tables.of(catalog, key), settings);
  if (writes !== null) return writes;
  const sum: { scan: number; indexBuild: number; rewrite: number } = { scan: 0, indexBuild: 0, rewrite: 0 };
  for (const effect of withoutParents(effects, catalog)) {
    const facts = tables.of(catalog, effect.relation);
    const work = facts === null ? null : workOn(effect, facts, catalog);
    if (work === null) return null;
    for (const kind of ['scan', 'indexBuild', 'rewrite'] as const) sum[kind] += work[kind] ?? 0;
  }
  return estimateOf(sum, settings);
}

/** Those that mean work; a partitioned table beside its partitions would count their rows twice, an index those of its table. */
function withoutParents({ relations }: Effects, catalog: Catalog): Effect[] {
  const working = relations.filter(
    ({ preexisting, rewrite, scan, indexBuild }) => preexisting && (rewrite || scan || indexBuild),
  );
  const named = new Set(working.map(({ relation }) => relation));
  const counted = new Set<string>();
  for (const name of named) {
    const relation = catalog.relations.get(name);
    if (relation?.kind === 'index' && named.has(qualifiedName(relation.table))) counted.add(name);
    for (const parent of partitionedParents(catalog, name)) counted.add(parent);
  }
  return working.filter(({ relation }) => !counted.has(relation));
}

/** Bytes that a statement reads or writes of a relation; null where they are not known. */
function workOn(effect: Effect, facts: TableFacts, catalog: Catalog): WorkBytes | null {
  const { rewrite, scan, indexBuild, online, parts } = effect;
  const { bytes, heapBytes, indexBytes } = facts;
  if (rewrite) return bytes === null || indexBytes === null ? null : { rewrite: bytes + indexBytes };
  if (heapBytes === null) return null;
  if (!indexBuild) return scan ? { scan: heapBytes } : {};
  const relation = catalog.relations.get(effect.relation);
  const isReindex = relation?.kind === 'table' && parts.some(({ by }) => by === 'reindex');
  const builds = isReindex ? relation.indexes.size : parts.filter((part) => part.indexBuild).length;
  // CONCURRENTLY reads the table a second time, for what was written meanwhile.
  return { indexBuild: heapBytes * Math.max(1, builds) * (online ? 2 : 1) };
}

/** `12 rows, 8 kB`. */
export function size(facts: Pick<TableFacts, 'rows' | 'bytes'> | null): string {
  const rows = facts?.rows ?? null;
  const bytes = facts?.bytes ?? null;
  return [
    ...(rows === null ? [] : [`${rows.toLocaleString('en-US')} row${rows === 1 ? '' : 's'}`]),
    ...(bytes === null ? [] : [roughBytes(bytes)]),
  ].join(', ');
}

/** `35 writes/s`. */
export function rate(writesPerSecond: number): string {
  return `${Number(writesPerSecond.toPrecision(2)).toLocaleString('en-US')} writes/s`;
}
