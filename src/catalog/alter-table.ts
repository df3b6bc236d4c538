import type { AlterCommand } from '../sql/action.ts';
import { type Catalog, descendants, findTable, type Table } from './catalog.ts';
import { addColumn, addConstraint, dropColumn, dropConstraint, setNotNull } from './columns.ts';
import { addSequence, drop, link, mention, unlink } from './relations.ts';

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
          collation: command.collation ?? column.collation,
        });
      break;
    case 'set-not-null':
    case 'drop-not-null':
      setNotNull(table, command.column, command.kind === 'set-not-null');
      break;
    case 'set-default':
    case 'drop-default':
      if (column !== undefined)
        table.columns.set(command.column, { ...column, hasDefault: command.kind === 'set-default' });
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
      break;
    case 'drop-constraint':
      dropConstraint(catalog, table, command.name);
      break;
    case 'validate-constraint': {
      const constraint = table.constraints.get(command.name);
      if (constraint === undefined) break;
      constraint.validated = true;
      if (constraint.kind === 'not-null') for (const name of constraint.columns) setNotNull(table, name, true);
      break;
    }
    case 'inherit':
      link(mention(catalog, command.parent), table);
      break;
    case 'no-inherit': {
      const parent = findTable(catalog, command.parent);
      if (parent !== null) unlink(parent, table);
      break;
    }
    case 'attach-partition': {
      const partition = mention(catalog, command.partition);
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
