import type { AlterCommand, ConstraintDef } from '../sql/action.ts';
import { type Catalog, descendants, findTable, type Table } from './catalog.ts';
import { addColumn, addConstraint, dropColumn, dropConstraint, setNotNull } from './columns.ts';
import { addSequence, adopt, drop, link, mention, unlink } from './relations.ts';

export function alterTable(catalog: Catalog, table: Table, command: AlterCommand): void {
  const column =
    'column' in command && typeof command.column === 'string' ? table.columns.get(command.column) : undefined;
  switch (command.kind) {
    case 'add-column':
      if (command.ifNotExists && table.columns.has(command.column.name)) break;
      for (const target of [table, ...descendants(table)]) addColumn(catalog, target, command.column);
      break;
    case 'drop-column':
      for (const target of [table, ...descendants(table)]) dropColumn(catalog, target, command.column);
      break;
    case 'set-type':
      if (column !== undefined)
        table.columns.set(command.column, {
          ...column,
          type: command.type,
          // Without COLLATE the type's own comes back.
          collation: command.collation,
        });
      break;
    case 'set-not-null':
    case 'drop-not-null':
      for (const target of [table, ...descendants(table)])
        setNotNull(target, command.column, command.kind === 'set-not-null');
      break;
    case 'drop-expression':
      if (column !== undefined) table.columns.set(command.column, { ...column, generated: null });
      break;
    case 'add-identity':
    case 'drop-identity':
      if (column !== undefined)
        table.columns.set(command.column, { ...column, identity: command.kind === 'add-identity' });
      if (command.kind === 'add-identity') {
        addSequence(
          catalog,
          { schema: table.schema, name: `${table.name}_${command.column}_seq` },
          { table, column: command.column },
        );
        break;
      }
      for (const sequence of table.sequences) if (sequence.ownedBy?.column === command.column) drop(catalog, sequence);
      break;
    case 'add-constraint':
      addConstraint(catalog, table, command.constraint);
      if (isInherited(command.constraint))
        for (const child of descendants(table)) addConstraint(catalog, child, command.constraint);
      break;
    case 'drop-constraint':
      for (const target of [table, ...descendants(table)]) dropConstraint(catalog, target, command.name);
      break;
    case 'validate-constraint':
      for (const target of [table, ...descendants(table)]) validate(target, command.name);
      break;
    case 'inherit':
      adopt(catalog, command.parent, table);
      break;
    case 'no-inherit': {
      const parent = findTable(catalog, command.parent);
      if (parent !== null) unlink(parent, table);
      break;
    }
    case 'attach-partition': {
      const partition = mention(catalog, command.partition);
      if (partition === null) break;
      link(table, partition);
      partition.isDefaultPartition = command.isDefault;
      break;
    }
    case 'detach-partition': {
      const partition = findTable(catalog, command.partition);
      if (partition !== null) unlink(table, partition);
      break;
    }
    default:
      break;
  }
}

/** Children get what concerns rows, and keys only where they are partitions. */
function isInherited(constraint: ConstraintDef): boolean {
  return constraint.kind === 'not-null' || (constraint.kind === 'check' && !constraint.noInherit);
}

function validate(table: Table, name: string): void {
  const constraint = table.constraints.get(name);
  if (constraint === undefined) return;
  constraint.validated = true;
  if (constraint.kind === 'not-null') for (const column of constraint.columns) setNotNull(table, column, true);
}
