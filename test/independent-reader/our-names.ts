import type { Action, AlterCommand, ConstraintDef, Name } from '../../src/sql/action.ts';
import { columns, named, type Names, qualified } from './names.ts';

/** The names in a statement as we read it; null for kinds of statements that are not compared. */
export function ourNames(action: Action): Names | null {
  switch (action.kind) {
    case 'create-table':
      return [
        qualified('creates', action.name),
        ...action.inherits.map((parent) => qualified('inherits', parent)),
        ...action.like.map(({ table }) => qualified('like', table)),
        ...action.columns.flatMap((column) => [named('column', column.name), ...constraints(column.constraints)]),
        ...constraints(action.constraints),
      ];
    case 'create-index':
      return [
        qualified('indexes', action.table),
        named('index', action.name),
        ...action.columns.map((column) => named('key', column)),
        columns('where', action.where?.columns ?? []),
      ];
    case 'alter-table':
      return [qualified('alters', action.name), ...action.commands.flatMap(command)];
    case 'rename':
      return [
        qualified('alters', action.relation),
        named(`renames ${action.what}`, action.from),
        named('to', action.to),
      ];
    case 'drop-relation':
      return action.names.map((name) => qualified(`drops ${action.relationKind}`, name));
    case 'create-table-as':
    case 'create-view':
      return [qualified('creates', action.name), ...reads(action.reads)];
    case 'refresh-materialized-view':
      return [qualified('refreshes', action.name)];
    case 'dml':
      return [
        qualified(action.command, action.table),
        ...action.assigns.map((column) => named('sets', column)),
        ...reads(action.reads),
      ];
    case 'select':
      return reads(action.reads);
    case 'truncate':
      return action.tables.map((name) => qualified('truncates', name));
    case 'create-function':
      return [qualified('function', action.name)];
    case 'create-schema':
      return [named('schema', action.name)];
    case 'create-enum':
      return [qualified('enum', action.name), ...action.values.map((value) => named('value', value))];
    case 'create-sequence':
      return [qualified('sequence', action.name)];
    default:
      return null;
  }
}

function reads(relations: readonly Name[]): Names {
  return relations.map((relation) => qualified('reads', relation)).sort();
}

function command(given: AlterCommand): Names {
  switch (given.kind) {
    case 'add-column':
      return [named('adds column', given.column.name), ...constraints(given.column.constraints)];
    case 'drop-column':
      return [named('drops column', given.column)];
    case 'set-type':
    case 'set-not-null':
    case 'drop-not-null':
    case 'set-default':
    case 'drop-default':
    case 'add-identity':
      return [named(`alters column: ${given.kind}`, given.column)];
    case 'add-constraint':
      return constraints([given.constraint]);
    case 'drop-constraint':
      return [named('drops constraint', given.name)];
    default:
      return [given.kind];
  }
}

function constraints(all: readonly ConstraintDef[]): Names {
  return all.flatMap((constraint) => {
    switch (constraint.kind) {
      case 'not-null':
      case 'exclude':
        return [named(constraint.kind, constraint.name)];
      case 'check':
        return [named('check', constraint.name), columns('checks', constraint.expression.columns)];
      case 'foreign-key':
        return [
          named('foreign-key', constraint.name),
          columns('from', constraint.columns),
          qualified('references', constraint.references),
          columns('to', constraint.referencedColumns),
        ];
      default:
        return [named(constraint.kind, constraint.name), columns('of', constraint.columns)];
    }
  });
}
