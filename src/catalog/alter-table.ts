import type { AlterCommand, ConstraintDef, ReplicaIdentity } from '../sql/action.ts';
import {
  type Catalog,
  type Constraint,
  descendants,
  findTable,
  qualifiedType,
  sequencesOf,
  type Table,
} from './catalog.ts';
import { addColumn, addOwnSequence, dropColumn } from './columns.ts';
import {
  addConstraint,
  dropConstraint,
  inheritConstraint,
  inheritConstraints,
  inheritedFrom,
  setNotNull,
} from './constraints.ts';
import { attach, detach } from './partitions.ts';
import { drop, link, mention, unlink } from './relations.ts';
import { dropReaders } from './views.ts';

/** `only` is what ALTER TABLE ONLY says: children keep what they have. */
export function alterTable(catalog: Catalog, table: Table, command: AlterCommand, only: boolean): void {
  const column =
    'column' in command && typeof command.column === 'string' ? table.columns.get(command.column) : undefined;
  const targets = only ? [table] : [table, ...descendants(table)];
  switch (command.kind) {
    case 'add-column':
      if (command.ifNotExists && table.columns.has(command.column.name)) break;
      addColumn(catalog, table, command.column);
      break;
    case 'drop-column':
      for (const target of targets) {
        if (command.cascade) dropReaders(catalog, target, command.column);
        dropColumn(catalog, target, command.column);
      }
      break;
    case 'set-type':
      for (const target of targets) {
        const own = target.columns.get(command.column);
        // Without COLLATE the type's own comes back.
        if (own !== undefined)
          target.columns.set(command.column, {
            ...own,
            type: qualifiedType(catalog, command.type),
            collation: command.collation,
          });
      }
      break;
    case 'set-not-null':
    case 'drop-not-null':
      for (const target of targets) setNotNull(target, command.column, command.kind === 'set-not-null');
      break;
    case 'set-default':
    case 'drop-default':
      for (const target of targets) {
        const own = target.columns.get(command.column);
        const value = command.kind === 'set-default' ? command.default : null;
        if (own !== undefined)
          target.columns.set(command.column, { ...own, default: value, sequences: sequencesOf(catalog, value) });
      }
      break;
    case 'set-expression':
      for (const target of targets) {
        const own = target.columns.get(command.column);
        if (own !== undefined) target.columns.set(command.column, { ...own, computedFrom: command.expression.columns });
      }
      break;
    case 'drop-expression':
      for (const target of targets) {
        const own = target.columns.get(command.column);
        if (own !== undefined) target.columns.set(command.column, { ...own, generated: null, computedFrom: [] });
      }
      break;
    case 'add-identity':
      if (column !== undefined) table.columns.set(command.column, { ...column, identity: true });
      addOwnSequence(catalog, table, command.column);
      break;
    case 'drop-identity':
      if (column !== undefined) table.columns.set(command.column, { ...column, identity: false });
      for (const sequence of table.sequences) if (sequence.ownedBy?.column === command.column) drop(catalog, sequence);
      break;
    case 'add-constraint':
      addTableConstraint(catalog, table, command.constraint);
      break;
    case 'drop-constraint':
      if (only) for (const child of table.children) keepOwn(child, command.name);
      dropConstraint(catalog, table, command.name);
      break;
    case 'validate-constraint': {
      const constraint = table.constraints.get(command.name);
      if (constraint !== undefined) validate(table, constraint);
      break;
    }
    case 'alter-constraint': {
      const constraint = table.constraints.get(command.name);
      if (constraint === undefined) break;
      if (command.deferrable !== null) constraint.deferrable = command.deferrable;
      if (command.enforced === null) break;
      constraint.enforced = command.enforced;
      constraint.validated = command.enforced;
      break;
    }
    case 'set-cluster':
      table.clustered = command.index !== null;
      break;
    case 'set-replica-identity':
      table.replicaIdentity = identityOf(table, command.to);
      break;
    case 'set-logged':
    case 'set-unlogged':
      table.persistence = command.kind === 'set-logged' ? 'permanent' : 'unlogged';
      break;
    case 'set-access-method':
      table.accessMethod = command.to ?? 'heap';
      break;
    case 'set-tablespace':
      table.tablespace = command.to;
      break;
    case 'inherit': {
      const parent = mention(catalog, command.parent);
      if (parent === null) break;
      link(parent, table);
      inheritConstraints(catalog, parent, table);
      break;
    }
    case 'no-inherit': {
      const parent = findTable(catalog, command.parent);
      if (parent !== null) unlink(parent, table);
      if (table.parents.size === 0) for (const constraint of table.constraints.values()) constraint.inherited = false;
      break;
    }
    case 'attach-partition': {
      const partition = mention(catalog, command.partition);
      if (partition !== null) attach(catalog, table, partition, command.bound);
      break;
    }
    case 'detach-partition': {
      const partition = findTable(catalog, command.partition);
      if (partition !== null) detach(table, partition);
      break;
    }
    default:
      break;
  }
}

/** An index that the history does not show is taken for a good one. */
function identityOf(table: Table, to: ReplicaIdentity): Table['replicaIdentity'] {
  if (typeof to === 'string') return to;
  return [...table.indexes].find(({ name }) => name === to.index) ?? 'full';
}

function addTableConstraint(catalog: Catalog, table: Table, constraint: ConstraintDef): void {
  for (const added of addConstraint(catalog, table, constraint))
    for (const child of table.children) inheritConstraint(catalog, table, child, added);
}

function keepOwn(child: Table, name: string): void {
  const constraint = child.constraints.get(name);
  if (constraint !== undefined) constraint.inherited = false;
}

function validate(table: Table, constraint: Constraint): void {
  constraint.validated = true;
  if (constraint.kind === 'not-null') for (const column of constraint.columns) setNotNull(table, column, true);
  for (const child of table.children) {
    const copy = inheritedFrom(table, child, constraint);
    if (copy !== undefined) validate(child, copy);
  }
}
