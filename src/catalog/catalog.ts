import type {
  Action,
  ActionOf,
  ColumnDef,
  Condition,
  ConstraintDef,
  Expression,
  Name,
  PartitionBound,
  PartitionKey,
  TypeName,
  Write,
} from '../sql/action.ts';
import { splitIdentifiers } from '../sql/identifiers.ts';
import type { NameMap } from './name-map.ts';
import { RelationMap } from './relation-map.ts';

/**
 * The schema as it stands before a statement. It is filled by folding statements in order, or read from a server, and is changed in
 * place: whoever makes one owns it.
 */
export interface Catalog {
  /** By `schema.name`. */
  readonly relations: RelationMap;
  /** By `schema.name`, those that take different arguments side by side. */
  readonly functions: Map<string, readonly FunctionInfo[]>;
  readonly domains: Map<string, Domain>;
  /** Their values, in order. */
  readonly enums: Map<string, string[]>;
  /** The attributes of composite types. */
  readonly composites: Map<string, Map<string, TypeName>>;
  /** The subtypes of range types. */
  readonly ranges: Map<string, TypeName | null>;
  readonly publications: Map<string, Publication>;
  /** The tables of extended statistics. */
  readonly statistics: Map<string, readonly Relation[]>;
  /** Schemas that unqualified names are looked up in. */
  searchPath: readonly string[];
  /** Session settings by lower-case name, as the file set them. */
  readonly settings: Map<string, string>;
  /** What the session of every file begins with: the server's own, where it is known. */
  session: { readonly searchPath: readonly string[]; readonly settings: ReadonlyMap<string, string> };
  /** What SET LOCAL hides until the transaction ends. */
  outerSession: { readonly searchPath: readonly string[]; readonly settings: ReadonlyMap<string, string> } | null;
  /** What PREPARE keeps for the session. */
  readonly prepared: Map<string, Action>;
  /** Temporary relations, and how long they live. */
  readonly temporary: Map<Relation, 'session' | 'transaction'>;
  /** The state before BEGIN (without a name) and before each SAVEPOINT; null in a file that never looks back. */
  savepoints: { readonly name: string | null; readonly before: Catalog }[] | null;
  /** Counts the files begun; what was made in the current one is not preexisting. */
  file: number;
  /** Begins with all that there is, as a server or a dump shows it. */
  whole: boolean;
  /** A statement named a relation that the history does not make. */
  gaps: boolean;
}

interface RelationBase {
  schema: string;
  name: string;
  /** The file that made it; 0 for what was there before the first. */
  readonly file: number;
}

export interface Column {
  readonly type: TypeName;
  /** Sequences that its DEFAULT takes numbers from. */
  readonly sequences: readonly Sequence[];
  readonly notNull: boolean;
  readonly identity: boolean;
  readonly generated: 'stored' | 'virtual' | null;
  /** Columns that its GENERATED ALWAYS AS uses. */
  readonly computedFrom: readonly string[];
  readonly collation: string | null;
  /** Its DEFAULT as written; null for none, and for the one that a serial or identity column has. */
  readonly default: Expression | null;
}

export interface Constraint {
  readonly name: string;
  readonly kind: ConstraintDef['kind'];
  validated: boolean;
  enforced: boolean;
  deferrable: boolean;
  /** For a check or NOT NULL: children do not have it. */
  readonly noInherit: boolean;
  /** It comes from a parent; a child may have one of its own by that name, which is the same constraint then. */
  inherited: boolean;
  readonly columns: readonly string[];
  /** For a check: what it says. */
  readonly condition: Condition | null;
  /** For a key or an exclusion. */
  index: Index | null;
  /** For a foreign key. */
  readonly references: Table | null;
  /** For a foreign key; none means the primary key. */
  readonly referencedColumns: readonly string[];
  /** For a foreign key: a DELETE of what it points to writes here. */
  readonly deleteWrites: boolean;
}

export interface Table extends RelationBase {
  readonly kind: 'table' | 'foreign-table';
  persistence: 'permanent' | 'unlogged' | 'temporary';
  /** null for those of a table that the history does not show. */
  accessMethod: string | null;
  tablespace: string | null;
  readonly columns: Map<string, Column>;
  readonly constraints: NameMap<Constraint>;
  readonly indexes: Set<Index>;
  /** For a partitioned table, which has no rows of its own. */
  readonly partitionBy: PartitionKey | null;
  /** For a partition. */
  bound: PartitionBound | null;
  /** CLUSTER without a table takes it. */
  clustered: boolean;
  /** How many INSERTs of the history write constants into it: the rows of a lookup table come with the schema. */
  seeds: number;
  /** By which subscribers know its rows. */
  replicaIdentity: 'default' | 'full' | 'nothing' | Index;
  /** The partitioned table it belongs to, or the tables it inherits from. */
  readonly parents: Set<Table>;
  /** Its partitions, or the tables that inherit from it. */
  readonly children: Set<Table>;
  /** Tables with a foreign key to this one. */
  readonly referencedBy: Set<Table>;
  /** Sequences that belong to its columns. */
  readonly sequences: Set<Sequence>;
  readonly triggers: Map<string, Trigger>;
  readonly rules: Map<string, Rule>;
  readonly policies: Map<string, Policy>;
  /** Key of the type of CREATE TABLE … OF. */
  ofType: string | null;
}

export interface Trigger {
  readonly name: string;
  /** Key of the function that it calls. */
  readonly calls: string;
  /** FOR EACH ROW; partitions get one of their own. */
  readonly forEachRow: boolean;
}

export interface Rule {
  readonly name: string;
  readonly on: 'select' | 'insert' | 'update' | 'delete';
  readonly instead: boolean;
  readonly reads: ReadonlySet<Relation>;
  readonly writes: readonly { readonly relation: Relation; readonly command: Write['command'] }[];
  readonly calls: readonly string[];
}

export interface Policy {
  readonly name: string;
  readonly reads: ReadonlySet<Relation>;
  readonly calls: readonly string[];
}

export interface Index extends RelationBase {
  readonly kind: 'index';
  readonly table: Table | View;
  readonly unique: boolean;
  readonly method: string;
  /** Of which PostgreSQL makes its name when it has none. */
  readonly nameParts: readonly string[];
  columns: readonly (string | null)[];
  /** Columns that its expressions and its predicate use. */
  computedFrom: readonly string[];
  /** Certainly of columns alone, all rows, and without operator class, collation, order and INCLUDE. */
  readonly plain: boolean;
  /** The index of the partitioned table that it is a part of. */
  parent: Index | null;
}

export interface View extends RelationBase {
  readonly kind: 'view' | 'materialized-view';
  /** Those of a materialized view. */
  readonly indexes: Set<Index>;
  readonly reads: Map<Relation, ViewRead>;
  /** The relation whose rows are its own, where it reads one only: what is written to the view is written there. */
  base: Relation | null;
  /** Keys of functions that its query calls. */
  calls: readonly string[];
  readonly triggers: Map<string, Trigger>;
  readonly rules: Map<string, Rule>;
}

/** What a view uses of a relation that it reads. */
export interface ViewRead {
  readonly only: boolean;
  /** It stands in FROM, and not in an expression. */
  readonly inFrom: boolean;
  /** Null where they are not known. */
  readonly columns: ReadonlySet<string> | null;
}

export interface Sequence extends RelationBase {
  readonly kind: 'sequence';
  /** It goes with this column. */
  ownedBy: { readonly table: Table; column: string } | null;
}

export type Relation = Table | Index | View | Sequence;

export interface FunctionInfo extends Omit<ActionOf<'create-function'>, 'name'> {
  readonly name: { readonly schema: string; readonly name: string };
}

export interface Domain {
  readonly base: TypeName;
  readonly notNull: boolean;
  /** Names of its checks. */
  readonly checks: ReadonlySet<string>;
}

export interface Publication {
  readonly allTables: boolean;
  /** UPDATE or DELETE, and not INSERT alone. */
  sendsChanges: boolean;
  readonly tables: Map<Relation, { readonly columns: readonly string[] | null; readonly filtered: boolean }>;
  readonly schemas: Set<string>;
}

export function emptyCatalog(): Catalog {
  return {
    relations: new RelationMap(),
    functions: new Map(),
    prepared: new Map(),
    domains: new Map(),
    enums: new Map(),
    composites: new Map(),
    ranges: new Map(),
    publications: new Map(),
    statistics: new Map(),
    searchPath: ['public'],
    settings: new Map(),
    session: { searchPath: ['public'], settings: new Map() },
    outerSession: null,
    temporary: new Map(),
    savepoints: null,
    file: 0,
    whole: false,
    gaps: false,
  };
}

/** Begins a migration file. Every file starts from a clean session. */
export function beginFile(catalog: Catalog): void {
  catalog.file += 1;
  resetSession(catalog);
}

/** Back to what a session begins with. */
export function resetSession(catalog: Catalog): void {
  catalog.searchPath = catalog.session.searchPath;
  catalog.settings.clear();
  for (const [name, value] of catalog.session.settings) catalog.settings.set(name, value);
  catalog.outerSession = null;
  catalog.prepared.clear();
}

export function keyOf(schema: string, name: string): string {
  return `${schema}.${name}`;
}

/** Where an unqualified name of a new relation goes. */
export function creationSchema(catalog: Catalog, name: Name): string {
  return name.schema ?? catalog.searchPath[0] ?? 'public';
}

/** The key of a relation as a statement names it, known or not. */
export function resolve(catalog: Catalog, name: Name): string {
  if (name.schema !== null) return keyOf(name.schema, name.name);
  if (catalog.temporary.size > 0) {
    const key = keyOf('pg_temp', name.name);
    if (catalog.relations.has(key)) return key;
  }
  // Of one schema alone it is the key, whether the relation is known or not.
  if (catalog.searchPath.length > 1) {
    for (const schema of catalog.searchPath) {
      const key = keyOf(schema, name.name);
      if (catalog.relations.has(key)) return key;
    }
  }
  return keyOf(creationSchema(catalog, name), name.name);
}

export function findTable(catalog: Catalog, name: Name): Table | null {
  const relation = catalog.relations.get(resolve(catalog, name));
  return relation?.kind === 'table' || relation?.kind === 'foreign-table' ? relation : null;
}

export function findRelation(catalog: Catalog, name: Name): Relation | null {
  return catalog.relations.get(resolve(catalog, name)) ?? null;
}

/** Views that read a relation, or the column of it. */
export function viewsOf(catalog: Catalog, relation: Relation, column: string | null): View[] {
  const views: View[] = [];
  for (const view of catalog.relations.views.values()) {
    const read = view.reads.get(relation);
    if (read !== undefined && (column === null || (read.columns?.has(column) ?? true))) views.push(view);
  }
  return views;
}

/** The key of a function as a statement names it, known or not. */
export function functionKey(catalog: Catalog, name: Name): string {
  if (name.schema !== null) return keyOf(name.schema, name.name);
  const schema = catalog.searchPath.find((candidate) => catalog.functions.has(keyOf(candidate, name.name)));
  return keyOf(schema ?? creationSchema(catalog, name), name.name);
}

export function findIndex(catalog: Catalog, name: Name): Index | null {
  const relation = catalog.relations.get(resolve(catalog, name));
  return relation?.kind === 'index' ? relation : null;
}

/** A partitioned table has no rows of its own. */
export function isPartitioned(table: Table | null): boolean {
  return table !== null && table.partitionBy !== null;
}

/** The partition for the rows that no other one takes. */
export function defaultPartition(table: Table | null): Table | null {
  return [...(table?.children ?? [])].find(({ bound }) => bound?.kind === 'default') ?? null;
}

/** All that statements without a name are about; a session's own temporary tables are not other sessions' concern. */
export function allTables(catalog: Catalog): Table[] {
  return [...catalog.relations.values()].filter(
    (relation): relation is Table => relation.kind === 'table' && relation.persistence !== 'temporary',
  );
}

export function materializedViews(catalog: Catalog): View[] {
  return [...catalog.relations.views.values()].filter(({ kind }) => kind === 'materialized-view');
}

/** Partitions and inheriting tables below a table, at every level. */
export function descendants(table: Table): Table[] {
  const found = new Set<Table>();
  const pending = [...table.children];
  for (let child = pending.pop(); child !== undefined; child = pending.pop()) {
    // A table may inherit from another in two ways.
    if (found.has(child)) continue;
    found.add(child);
    pending.push(...child.children);
  }
  return [...found];
}

/** Columns that an index's expressions and its predicate use. */
export function computedFrom({ expressions, where }: ActionOf<'create-index'>): string[] {
  return [...expressions, ...(where === null ? [] : [where])].flatMap(({ columns }) => columns);
}

/** Whether a partition has the index that one of its partitioned table asks for: it is taken over then, not built. */
export function indexLike(table: Table, wanted: IndexShape): Index | undefined {
  return [...table.indexes].find(
    ({ parent, unique, method, columns, computedFrom }) =>
      parent === null &&
      unique === wanted.unique &&
      method === wanted.method &&
      sameList(columns, wanted.columns) &&
      sameList(computedFrom, wanted.computedFrom),
  );
}

/** What two indexes share when one can stand for the other. */
export type IndexShape = Pick<Index, 'unique' | 'method' | 'columns' | 'computedFrom'>;

export function sameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

/** The foreign keys of a table that point to a column of another. */
export function foreignKeysTo(table: Table, referenced: Table, column: string): Constraint[] {
  return [...table.constraints.values()].filter(
    (constraint) =>
      constraint.references === referenced &&
      // A key that the history does not show may be any column.
      (referencedColumns(constraint)?.includes(column) ?? true),
  );
}

/** The columns that a foreign key points to; null where the history does not show them. */
export function referencedColumns(constraint: Constraint): readonly string[] | null {
  if (constraint.referencedColumns.length > 0) return constraint.referencedColumns;
  const keys = [...(constraint.references?.constraints.values() ?? [])];
  return keys.find(({ kind }) => kind === 'primary-key')?.columns ?? null;
}

/** The foreign keys that rely on a key of the table, with the tables that have them. */
export function foreignKeysUsing(table: Table, key: Constraint): { table: Table; constraint: Constraint }[] {
  if (key.kind !== 'primary-key' && key.kind !== 'unique') return [];
  return [...table.referencedBy].flatMap((other) =>
    [...other.constraints.values()]
      .filter((constraint) => {
        if (constraint.references !== table) return false;
        const columns = referencedColumns(constraint);
        return columns !== null && sameList(columns.toSorted(), key.columns.toSorted());
      })
      .map((constraint) => ({ table: other, constraint })),
  );
}

export function qualifiedName(relation: Relation): string {
  return keyOf(relation.schema, relation.name);
}

/** A domain over a domain is bound by both; an array of a domain is checked element by element, when it is written. */
export function isDomainConstrained(catalog: Catalog, type: TypeName): boolean {
  return domainsOver(catalog, type).some(({ notNull, checks }) => notNull || checks.size > 0);
}

/** The type that a domain is over, through domains over domains; any other type is its own. */
export function baseType(catalog: Catalog, type: TypeName): TypeName {
  return domainsOver(catalog, type).at(-1)?.base ?? type;
}

/** The domain that a type is, and those that it is over. A contradictory history has circles. */
function domainsOver(catalog: Catalog, type: TypeName): Domain[] {
  const found = new Set<Domain>();
  for (let over = type; !over.array;) {
    const domain = catalog.domains.get(typeKey(catalog, over));
    if (domain === undefined || found.has(domain)) break;
    found.add(domain);
    over = domain.base;
  }
  return [...found];
}

export function typeKey(catalog: Catalog, type: { schema: string | null; name: string }): string {
  if (type.schema !== null) return keyOf(type.schema, type.name);
  for (const schema of catalog.searchPath) {
    const key = keyOf(schema, type.name);
    if (isType(catalog, key)) return key;
  }
  return keyOf(catalog.searchPath[0] ?? 'public', type.name);
}

/** A type that the history makes gets its schema: what its name means is settled where it is used. */
export function qualifiedType(catalog: Catalog, type: TypeName): TypeName {
  if (type.schema !== null) return type;
  const schema = catalog.searchPath.find((candidate) => isType(catalog, keyOf(candidate, type.name)));
  return schema === undefined ? type : { ...type, schema };
}

function isType({ domains, enums, composites, ranges }: Catalog, key: string): boolean {
  return domains.has(key) || enums.has(key) || composites.has(key) || ranges.has(key);
}

export function columnOf(catalog: Catalog, definition: ColumnDef): Column {
  return {
    type: qualifiedType(catalog, definition.type),
    sequences: sequencesOf(catalog, definition.default),
    notNull: definition.notNull || definition.identity !== null || isSerial(definition.type),
    identity: definition.identity !== null,
    generated: definition.generated?.kind ?? null,
    computedFrom: definition.generated?.expression.columns ?? [],
    collation: definition.collation,
    default: definition.default,
  };
}

/** The sequences that a default takes numbers from. */
export function sequencesOf(catalog: Catalog, expression: Expression | null): Sequence[] {
  const found: Sequence[] = [];
  for (const {
    name,
    arguments: [text],
  } of expression?.functions ?? []) {
    const parts = name === 'nextval' && typeof text === 'string' ? splitIdentifiers(text, '.') : null;
    const sequence = parts?.at(-1);
    if (sequence === undefined) continue;
    const relation = findRelation(catalog, { schema: parts?.at(-2) ?? null, name: sequence });
    if (relation?.kind === 'sequence') found.push(relation);
  }
  return found;
}

/** serial, bigserial and smallserial are no types: they make a sequence and a default. */
export function isSerial(type: TypeName): boolean {
  return type.schema === null && /^(?:big|small)?serial[248]?$/.test(type.name);
}
