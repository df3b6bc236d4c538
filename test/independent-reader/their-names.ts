import type {
  AlterColumn,
  ColumnConstraint,
  CreateColumnDef,
  Expr,
  QName,
  SelectStatement,
  Statement,
  TableAlteration,
  TableConstraint,
} from 'pgsql-ast-parser';
import { astVisitor } from 'pgsql-ast-parser';
import { columns, named, type Names, qualified } from './names.ts';

/** The names in a statement as pgsql-ast-parser reads it; null for kinds of statements that are not compared. */
export function theirNames(statement: Statement): Names | null {
  switch (statement.type) {
    case 'create table':
      return [
        qualified('creates', statement.name),
        ...(statement.inherits ?? []).map((parent) => qualified('inherits', parent)),
        ...statement.columns.flatMap((column) => (column.kind === 'column' ? [] : [qualified('like', column.like)])),
        ...statement.columns.flatMap((column) =>
          column.kind === 'column' ? [named('column', column.name.name), ...besideColumn(column)] : [],
        ),
        ...(statement.constraints ?? []).flatMap(tableConstraint),
      ];
    case 'create index':
      return [
        qualified('indexes', statement.table),
        named('index', statement.indexName?.name),
        ...statement.expressions.map(({ expression }) =>
          named('key', expression.type === 'ref' ? expression.name : null),
        ),
        columns('where', statement.where === undefined ? [] : columnsIn(statement.where)),
      ];
    case 'alter table': {
      const [change] = statement.changes;
      const renames = change === undefined ? null : renaming(change, statement.table.name);
      return [qualified('alters', statement.table), ...(renames ?? statement.changes.flatMap(alteration))];
    }
    case 'alter index':
      return statement.change.type === 'rename'
        ? [
            qualified('alters', statement.index),
            named('renames index', statement.index.name),
            named('to', statement.change.to.name),
          ]
        : null;
    case 'drop table':
    case 'drop index':
    case 'drop sequence':
      return statement.names.map((name) => qualified(statement.type.replace('drop', 'drops'), name));
    case 'create view':
    case 'create materialized view':
      return [qualified('creates', statement.name), ...reads(statement.query)];
    case 'refresh materialized view':
      return [qualified('refreshes', statement.name)];
    case 'insert':
      return [
        qualified('insert', statement.into),
        ...(statement.columns ?? []).map((column) => named('sets', column.name)),
        ...reads(statement.insert),
      ];
    case 'update':
      return [
        qualified('update', statement.table),
        ...statement.sets.map(({ column }) => named('sets', column.name)),
        ...readsBeside(statement, statement.table),
      ];
    case 'delete':
      return [qualified('delete', statement.from), ...readsBeside(statement, statement.from)];
    case 'select':
    case 'union':
    case 'union all':
    case 'with':
      return reads(statement);
    case 'truncate table':
      return statement.tables.map((name) => qualified('truncates', name));
    case 'create function':
      return [qualified('function', statement.name)];
    case 'create schema':
      return [named('schema', statement.name.name)];
    case 'create enum':
      return [qualified('enum', statement.name), ...statement.values.map(({ value }) => named('value', value))];
    case 'create sequence':
      return [qualified('sequence', statement.name)];
    default:
      return null;
  }
}

/** Relations, each once, sorted; what WITH defines not among them. */
function reads(statement: Statement | SelectStatement): string[] {
  return [...new Set(readings(statement))].sort();
}

/** Relations as often as they are named; the target of UPDATE or DELETE among them. */
function readings(statement: Statement | SelectStatement): string[] {
  const found: string[] = [];
  const defined = new Set<string>();
  const visitor = astVisitor((map) => ({
    with: (node) => {
      for (const { alias } of node.bind) defined.add(qualified('reads', alias));
      map.super().with(node);
    },
    tableRef: (relation) => found.push(qualified('reads', relation)),
  }));
  visitor.statement(statement);
  return found.filter((relation) => !defined.has(relation));
}

/** What is read beside the target; the target itself where it is named a second time. */
function readsBeside(statement: Statement, target: QName): string[] {
  const all = readings(statement);
  all.splice(all.indexOf(qualified('reads', target)), 1);
  return [...new Set(all)].sort();
}

function columnsIn(expression: Expr): string[] {
  const found = new Set<string>();
  astVisitor(() => ({ ref: ({ name }) => found.add(name) })).expr(expression);
  return [...found];
}

function renaming(change: TableAlteration, relation: string): Names | null {
  switch (change.type) {
    case 'rename':
      return [named('renames table', relation), named('to', change.to.name)];
    case 'rename column':
      return [named('renames column', change.column.name), named('to', change.to.name)];
    case 'rename constraint':
      return [named('renames constraint', change.constraint.name), named('to', change.to.name)];
    default:
      return null;
  }
}

function alteration(change: TableAlteration): Names {
  switch (change.type) {
    case 'add column':
      return [named('adds column', change.column.name.name), ...besideColumn(change.column)];
    case 'drop column':
      return [named('drops column', change.column.name)];
    case 'alter column':
      return [named(`alters column: ${COLUMN_CHANGES[change.alter.type]}`, change.column.name)];
    case 'add constraint':
      return tableConstraint(change.constraint);
    case 'drop constraint':
      return [named('drops constraint', change.constraint.name)];
    default:
      return [change.type === 'owner' ? 'set-owner' : change.type];
  }
}

const COLUMN_CHANGES: Readonly<Record<AlterColumn['type'], string>> = {
  'set type': 'set-type',
  'set not null': 'set-not-null',
  'drop not null': 'drop-not-null',
  'set default': 'set-default',
  'drop default': 'drop-default',
  'add generated': 'add-identity',
};

function besideColumn({ name, constraints = [] }: CreateColumnDef): Names {
  return constraints.flatMap((constraint) => columnConstraint(constraint, name.name));
}

function columnConstraint(constraint: ColumnConstraint, column: string): Names {
  const name = constraint.constraintName?.name;
  switch (constraint.type) {
    case 'not null':
      return [named('not-null', name)];
    case 'unique':
    case 'primary key':
      return [named(constraint.type.replace(' ', '-'), name), columns('of', [column])];
    case 'check':
      return [named('check', name), columns('checks', columnsIn(constraint.expr))];
    case 'reference':
      return [
        named('foreign-key', name),
        columns('from', [column]),
        qualified('references', constraint.foreignTable),
        columns(
          'to',
          constraint.foreignColumns.map((foreign) => foreign.name),
        ),
      ];
    default:
      return [];
  }
}

function tableConstraint(constraint: TableConstraint): Names {
  const name = constraint.constraintName?.name;
  switch (constraint.type) {
    case 'check':
      return [named('check', name), columns('checks', columnsIn(constraint.expr))];
    case 'foreign key':
      return [
        named('foreign-key', name),
        columns(
          'from',
          constraint.localColumns.map((local) => local.name),
        ),
        qualified('references', constraint.foreignTable),
        columns(
          'to',
          constraint.foreignColumns.map((foreign) => foreign.name),
        ),
      ];
    default:
      return [
        named(constraint.type.replace(' ', '-'), name),
        columns(
          'of',
          constraint.columns.map((column) => column.name),
        ),
      ];
  }
}
