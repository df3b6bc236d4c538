import {
  type Catalog,
  creationSchema,
  descendants,
  computedFrom,
  findIndex,
  hasIndexLike,
  keyOf,
  type Relation,
  resolve,
  type Table,
  typeKey,
} from '../catalog/catalog.ts';
import { LOCK_MODES } from '../postgres/lock-mode.ts';
import type { Action, ActionOf, ConstraintDef, Name, RelationKind } from '../sql/action.ts';
import { alterTableEffects } from './alter-table.ts';
import { Collector, spelled } from './collector.ts';
import type { Effects } from './effect.ts';

/** What a statement locks, rewrites and scans, given the catalog before it and the server's major version (13 to 18). */
export function effects(action: Action, catalog: Catalog, version: number): Effects {
  const out = new Collector(catalog, action.kind);
  collect(out, action, catalog, version);
  return out.result();
}

const AX = 'AccessExclusiveLock';
const SUX = 'ShareUpdateExclusiveLock';

function collect(out: Collector, action: Action, catalog: Catalog, version: number): void {
  switch (action.kind) {
    case 'create-table':
      createTable(out, catalog, action);
      break;
    case 'create-table-as':
      out.reads(action.reads);
      break;
    case 'create-view': {
      const existing = catalog.relations.get(
        `${action.name.schema ?? catalog.searchPath[0] ?? 'public'}.${action.name.name}`,
      );
      if (existing !== undefined && action.orReplace)
        out.relation(existing, AX, 'CREATE OR REPLACE VIEW changes the view that is there');
      out.reads(action.reads, 'the view reads it');
      break;
    }
    case 'create-sequence':
    case 'alter-sequence':
      if (action.kind === 'alter-sequence')
        out.name(action.name, 'ShareRowExclusiveLock', 'ALTER SEQUENCE changes the sequence');
      if (action.ownedBy !== null)
        out.name(action.ownedBy.table, 'AccessShareLock', 'the sequence belongs to a column of it');
      break;
    case 'create-index':
      createIndex(out, catalog, action);
      break;
    case 'alter-table':
      alterTableEffects(out, catalog, version, action);
      break;
    case 'rename':
      rename(out, action);
      break;
    case 'set-schema':
      out.name(action.relation, AX, 'SET SCHEMA changes the catalog only');
      for (const sequence of out.table(action.relation)?.sequences ?? [])
        out.relation(sequence, AX, 'moves with its table');
      break;
    case 'drop-relation':
      dropRelation(out, catalog, action);
      break;
    case 'drop-schema':
      for (const relation of catalog.relations.values()) {
        if (action.names.includes(relation.schema) && relation.kind !== 'index')
          out.relation(relation, AX, 'DROP SCHEMA drops it');
      }
      break;
    case 'create-table-object':
      // A trigger changes what writes do; a policy or rule what every query means.
      out.name(
        action.table,
        action.what === 'trigger' ? 'ShareRowExclusiveLock' : AX,
        `CREATE ${action.what.toUpperCase()} changes the catalog only`,
      );
      break;
    case 'alter-table-object':
    case 'drop-table-object':
      out.name(action.table, AX, `changing or dropping a ${action.what} changes the catalog only`);
      break;
    case 'reindex':
      reindex(out, catalog, action);
      break;
    case 'cluster':
      if (action.table !== null)
        out.name(action.table, AX, 'CLUSTER writes the table anew in the order of an index', { rewrite: true });
      else out.notUnderstood('CLUSTER without a table writes every clustered table anew');
      break;
    case 'vacuum':
      for (const table of action.tables) {
        if (action.full) out.name(table, AX, 'VACUUM FULL writes the table anew', { rewrite: true });
        else out.name(table, SUX, 'VACUUM lets reads and writes go on', { online: true });
      }
      if (action.full && action.tables.length === 0)
        out.notUnderstood('VACUUM FULL without a table writes every table anew');
      break;
    case 'analyze':
      for (const table of action.tables) out.name(table, SUX, 'ANALYZE reads a sample', { online: true });
      break;
    case 'refresh-materialized-view': {
      const view = catalog.relations.get(resolve(catalog, action.name));
      out.main(action.name);
      if (view?.kind === 'materialized-view') out.sources(view);
      if (action.concurrently)
        out.name(action.name, 'ExclusiveLock', 'REFRESH … CONCURRENTLY lets reads go on', { scan: true });
      else out.name(action.name, AX, 'REFRESH writes the materialized view anew', { rewrite: true });
      break;
    }
    case 'truncate':
      truncate(out, action);
      break;
    case 'lock-table':
      for (const name of action.tables) {
        const lock = LOCK_MODES[action.mode - 1] ?? AX;
        out.name(name, lock, 'LOCK TABLE asks for it');
        for (const child of descendantsOf(out, name)) out.relation(child, lock, 'is locked with its parent');
      }
      break;
    case 'comment':
      if (action.relation !== null) out.name(action.relation, SUX, 'COMMENT changes the catalog only');
      break;
    case 'grant':
      if (version >= 18)
        for (const name of action.relations)
          out.name(name, 'AccessShareLock', 'GRANT and REVOKE lock what they name from 18 on');
      break;
    case 'attach-to-tables':
      for (const name of action.tables) out.name(name, SUX, `a ${action.what} is made for it`);
      break;
    case 'dml':
      dml(out, action);
      break;
    case 'select':
      out.reads(action.reads, 'is read', action.locksRows ? 'RowShareLock' : 'AccessShareLock');
      break;
    case 'alter-domain':
      alterDomain(out, catalog, action);
      break;
    case 'do':
      out.notUnderstood('the body of a DO block is not read');
      break;
    case 'unknown':
      for (const name of action.relations)
        out.name(name, AX, `${action.node} is not known, so the strongest lock is assumed`);
      out.notUnderstood(`${action.node.replace(/Stmt$/, '')} is not known`);
      break;
    // These lock no relation.
    case 'create-schema':
    case 'rename-schema':
    case 'create-function':
    case 'create-domain':
    case 'create-enum':
    case 'alter-enum':
    case 'no-relation':
    case 'runs-alone':
    case 'set':
    case 'transaction':
      break;
  }
}

function createTable(out: Collector, catalog: Catalog, action: ActionOf<'create-table'>): void {
  const own = keyOf(creationSchema(catalog, action.name), action.name.name);
  const constraints: ConstraintDef[] = [
    ...action.constraints,
    ...action.columns.flatMap((column) => column.constraints),
  ];
  for (const constraint of constraints) {
    if (constraint.kind !== 'foreign-key') continue;
    if (resolve(catalog, constraint.references) !== own)
      out.name(constraint.references, 'ShareRowExclusiveLock', 'the new foreign key points to it');
  }
  for (const name of action.like) out.name(name, 'AccessShareLock', 'LIKE copies its columns');
  for (const name of action.inherits) out.name(name, SUX, 'becomes the parent');
  if (action.partitionOf === null) return;
  const parent = out.table(action.partitionOf.parent);
  out.name(action.partitionOf.parent, AX, 'gets a new partition');
  for (const sibling of parent?.children ?? []) {
    if (sibling.isDefaultPartition)
      out.relation(sibling, AX, 'the default partition must hold no row of the new one', { scan: true });
  }
}

function createIndex(out: Collector, catalog: Catalog, action: ActionOf<'create-index'>): void {
  const table = out.table(action.table);
  const schema = table?.schema ?? creationSchema(catalog, action.table);
  if (action.ifNotExists && action.name !== null && catalog.relations.has(keyOf(schema, action.name))) {
    out.name(action.table, action.concurrently ? SUX : 'ShareLock', 'the index is there already');
    return;
  }
  if (action.concurrently) {
    out.name(action.table, SUX, 'CREATE INDEX CONCURRENTLY lets writes go on', { indexBuild: true, online: true });
    return;
  }
  // On a partitioned table itself there is nothing to build; its partitions get indexes of their own unless ONLY says no.
  const build = table?.partitioned !== true && !(action.only && table === null);
  const because = build ? 'CREATE INDEX reads every row while writes wait' : 'makes the index of the partitioned table';
  out.name(action.table, 'ShareLock', because, { indexBuild: build });
  if (action.only || table?.partitioned !== true) return;
  for (const child of descendants(table)) {
    const taken =
      child.partitioned || hasIndexLike(child, { columns: action.columns, computedFrom: computedFrom(action) });
    out.relation(
      child,
      'ShareLock',
      taken ? 'a partition, whose index is there' : 'a partition, whose index is built as well',
      { indexBuild: !taken },
    );
  }
}

function rename(out: Collector, action: ActionOf<'rename'>): void {
  // ALTER INDEX … RENAME is gentle; ALTER TABLE … RENAME on an index is not.
  out.name(action.relation, action.what === 'index' ? SUX : AX, 'RENAME changes the catalog only');
  const table = out.table(action.relation);
  if (action.what !== 'column' || table === null) return;
  for (const child of descendants(table))
    out.relation(child, AX, `the column of a partition or child of ${table.name} is renamed as well`);
}

const DROPPED: Readonly<Record<RelationKind, string>> = {
  table: 'DROP TABLE',
  view: 'DROP VIEW',
  'materialized-view': 'DROP MATERIALIZED VIEW',
  index: 'DROP INDEX',
  sequence: 'DROP SEQUENCE',
  'foreign-table': 'DROP FOREIGN TABLE',
};

function dropRelation(out: Collector, catalog: Catalog, action: ActionOf<'drop-relation'>): void {
  const statement = DROPPED[action.relationKind];
  const lock = action.concurrently ? SUX : AX;
  for (const name of action.names) {
    if (action.relationKind === 'index') {
      const index = findIndex(catalog, name);
      if (index === null)
        out.unnamed(
          `the table of ${spelled(name)}`,
          lock,
          `${statement} locks the index's table, which is not known here`,
        );
      else
        out.relation(index.table, lock, `${statement} locks the index's table as well`, {
          online: action.concurrently,
        });
    }
    out.name(name, lock, `${statement} removes it`, { online: action.concurrently });
    if (action.cascade) dependents(out, catalog, name);
    const table = out.table(name);
    if (table !== null) dropTable(out, table, action.cascade);
  }
}

function dropTable(out: Collector, table: Table, cascade: boolean): void {
  for (const sequence of table.sequences) out.relation(sequence, AX, 'goes with its table');
  for (const parent of table.parents) {
    if (!parent.partitioned) continue;
    out.relation(parent, AX, 'loses a partition');
    for (const sibling of parent.children)
      if (sibling.isDefaultPartition) out.relation(sibling, AX, 'the default partition gets new bounds');
  }
  for (const other of table.referencedBy) out.relation(other, AX, 'its foreign key to the table goes with it');
  for (const { references } of table.constraints.values()) {
    if (references !== null && references !== table) out.relation(references, AX, 'a foreign key to it goes');
  }
  if (table.partitioned || cascade)
    for (const child of descendants(table)) out.relation(child, AX, 'goes with its parent');
}

/** CASCADE takes the views that read a relation, and those that read them. */
function dependents(out: Collector, catalog: Catalog, name: Name): void {
  const dropped = new Set<Relation>([catalog.relations.get(resolve(catalog, name)) ?? []].flat());
  for (let before = -1; before < dropped.size;) {
    before = dropped.size;
    for (const view of catalog.relations.values()) {
      if ((view.kind !== 'view' && view.kind !== 'materialized-view') || !view.reads.some((read) => dropped.has(read)))
        continue;
      dropped.add(view);
      out.relation(view, AX, 'CASCADE drops the view with what it reads');
    }
  }
}

function reindex(out: Collector, catalog: Catalog, action: ActionOf<'reindex'>): void {
  if (action.name === null) {
    out.notUnderstood(`REINDEX ${action.target.toUpperCase()} builds every index in it anew`);
    return;
  }
  const work = { indexBuild: true, online: action.concurrently };
  const lock = action.concurrently ? SUX : 'ShareLock';
  const because = action.concurrently
    ? 'REINDEX … CONCURRENTLY lets writes go on'
    : 'REINDEX reads every row while writes wait';
  if (action.target === 'table') {
    out.name(action.name, lock, because, work);
    return;
  }
  const index = findIndex(catalog, action.name);
  if (index === null) out.unnamed(`the table of ${spelled(action.name)}`, lock, because, work);
  else out.relation(index.table, lock, because, work);
  out.name(
    action.name,
    action.concurrently ? SUX : AX,
    'a locked index stops nearly every query of the table at planning',
  );
}

function truncate(out: Collector, action: ActionOf<'truncate'>): void {
  for (const name of action.tables) {
    out.name(name, AX, 'TRUNCATE removes all rows');
    const table = out.table(name);
    if (table === null) continue;
    for (const child of descendants(table)) out.relation(child, AX, 'is truncated with its parent');
    if (action.cascade)
      for (const other of referencing(table)) out.relation(other, AX, 'TRUNCATE … CASCADE empties it too');
  }
}

/** Tables with foreign keys to a table, and those with foreign keys to them. */
function referencing(table: Table, found = new Set<Table>()): Set<Table> {
  for (const other of table.referencedBy) {
    if (found.has(other)) continue;
    found.add(other);
    referencing(other, found);
  }
  return found;
}

function descendantsOf(out: Collector, name: Name): Table[] {
  const table = out.table(name);
  return table === null ? [] : descendants(table);
}

function dml(out: Collector, action: ActionOf<'dml'>): void {
  const verb = action.command === 'copy-from' ? 'COPY' : action.command.toUpperCase();
  out.reads(action.reads);
  for (const name of [action.table, ...action.writes])
    out.name(name, 'RowExclusiveLock', `${verb} writes rows`, { rows: true });
  const table = out.table(action.table);
  if (table === null || action.command === 'insert' || action.command === 'copy-from') return;
  for (const child of descendants(table))
    out.relation(child, 'RowExclusiveLock', `${verb} writes rows`, { rows: true });
}

function alterDomain(out: Collector, catalog: Catalog, action: ActionOf<'alter-domain'>): void {
  if (action.command === 'other' || action.command === 'add-constraint-not-valid') return;
  const key = typeKey(catalog, action.name);
  for (const relation of catalog.relations.values()) {
    if (relation.kind !== 'table') continue;
    const uses = [...relation.columns.values()].some((column) => typeKey(catalog, column.type) === key);
    if (uses) out.relation(relation, 'ShareLock', 'a column of the domain is checked, row by row', { scan: true });
  }
}
