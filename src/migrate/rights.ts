import { type Catalog, creationSchema, resolve } from '../catalog/catalog.ts';
import type { Action, AlterCommand, ColumnDef, ConstraintDef, FunctionCall, Name, Read } from '../sql/action.ts';

export type RelationRight =
  | 'owner'
  /** Of its partitions and children, too. */
  | 'owner-of-all'
  /** The owner of its schema may drop it, too. */
  | 'owner-or-schema'
  /** The owner, and since 17 whoever has MAINTAIN. */
  | 'maintain'
  | 'references'
  | 'trigger'
  | 'truncate'
  | 'delete'
  /** On one column at least. */
  | 'select'
  | 'insert'
  | 'update';

/** What the server asks of a role before it runs a statement. */
export type Right =
  | {
      readonly kind: RelationRight;
      /** Schema-qualified. */
      readonly relation: string;
    }
  | { readonly kind: 'create' | 'usage' | 'schema-owner'; readonly schema: string }
  | { readonly kind: 'create-in-database'; readonly what: string }
  /** CREATE in the database, where the extension is a trusted one that is not there yet. */
  | { readonly kind: 'create-extension'; readonly extension: string; readonly version: string | null }
  | {
      readonly kind: 'execute' | 'type-owner';
      readonly name: string;
      /** Where it is looked up. */
      readonly schemas: readonly string[];
      /** Of a call. */
      readonly arguments: number;
    };

/** The rights that a statement needs by itself; of code that it runs, none. */
export function rightsFor(action: Action, catalog: Catalog): Right[] {
  const { on, inSchema, calls, reads, typeOwner, references, columnReferences } = namesIn(catalog);
  switch (action.kind) {
    case 'create-table':
      return [
        ...(action.persistence === 'temporary' ? [] : [inSchema(action.name)]),
        ...(action.partitionOf === null ? [] : on('owner', action.partitionOf.parent)),
        ...action.inherits.flatMap((parent) => on('owner', parent)),
        ...references(action.constraints),
        ...columnReferences(action.columns),
      ];
    case 'create-table-as':
      return [
        ...(action.persistence === 'temporary' ? [] : [inSchema(action.name)]),
        ...(action.withData ? [...reads(action.reads), ...calls(action.functions)] : []),
      ];
    case 'create-view':
      if (action.temporary) return [];
      return [inSchema(action.name), ...(action.orReplace ? on('owner', action.name) : [])];
    case 'create-sequence':
    case 'create-function':
    case 'create-enum':
    case 'create-domain':
    case 'create-composite':
    case 'create-range':
      return [inSchema(action.name)];
    case 'create-index':
      return [...on('owner', action.table), schemaOf(catalog, action.table)];
    case 'create-statistics':
      return [
        ...action.tables.flatMap((table) => on('owner', table)),
        ...(action.name === null ? [] : [inSchema(action.name)]),
      ];
    case 'alter-table':
      return [
        ...on(!action.only && action.commands.some(recurses) ? 'owner-of-all' : 'owner', action.name),
        ...action.commands.flatMap((command) => {
          if (command.kind === 'add-column') return columnReferences([command.column]);
          if (command.kind === 'add-constraint')
            return [
              ...references([command.constraint]),
              ...(makesIndex(command.constraint) ? [schemaOf(catalog, action.name)] : []),
            ];
          if (command.kind === 'attach-partition') return on('owner', command.partition);
          return command.kind === 'inherit' ? on('owner', command.parent) : [];
        }),
      ];
    case 'rename':
      return ['column', 'constraint', 'trigger', 'policy', 'rule'].includes(action.what)
        ? on(action.what === 'column' ? 'owner-of-all' : 'owner', action.relation)
        : [...on('owner', action.relation), schemaOf(catalog, action.relation)];
    case 'set-schema':
      return [...on('owner', action.relation), { kind: 'create', schema: action.schema }];
    case 'alter-sequence':
      return on('owner', action.name);
    case 'drop-relation':
      return action.names.flatMap((name) => on('owner-or-schema', name));
    case 'create-trigger':
      return [...on('trigger', action.table), ...calls([{ ...action.calls, arguments: [] }])];
    case 'create-rule':
    case 'create-policy':
    case 'alter-policy':
      return on('owner', action.table);
    case 'drop-table-object':
      // Of what is not there nobody asks who owns it.
      return action.ifExists ? [] : on('owner', action.table);
    case 'comment':
      return action.relation === null ? [] : on('owner', action.relation);
    case 'reindex':
    case 'refresh-materialized-view':
      return action.name === null ? [] : on('maintain', action.name);
    case 'cluster':
      return action.table === null ? [] : on('maintain', action.table);
    case 'truncate':
      return action.tables.flatMap((table) => on('truncate', table));
    case 'dml':
      return [
        ...(action.command === 'merge'
          ? []
          : on(action.command === 'copy-from' ? 'insert' : action.command, action.table)),
        ...reads(action.reads),
        ...calls(action.functions),
      ];
    case 'select':
      return [...reads(action.reads), ...calls(action.functions)];
    case 'call':
      return calls([action.call]);
    case 'create-schema':
      return [{ kind: 'create-in-database', what: 'a schema' }];
    case 'drop-schema':
      return action.names.map((schema) => ({ kind: 'schema-owner', schema }));
    case 'rename-schema':
      return [
        { kind: 'schema-owner', schema: action.from },
        { kind: 'create-in-database', what: 'a schema' },
      ];
    case 'create-extension':
      return [{ kind: 'create-extension', extension: action.name, version: action.version }];
    case 'create-publication':
      return [
        { kind: 'create-in-database', what: 'a publication' },
        ...action.content.tables.flatMap((table) => on('owner', table)),
      ];
    case 'alter-publication':
      return action.command === 'drop' ? [] : action.content.tables.flatMap((table) => on('owner', table));
    case 'alter-enum':
    case 'alter-composite':
    case 'alter-domain':
      return typeOwner(action.name);
    case 'change-type':
      return [
        ...typeOwner(action.name),
        ...('schema' in action.to ? [{ kind: 'create', schema: action.to.schema } as const] : []),
      ];
    default:
      return [];
  }
}

/** What names stand for where the session is now. */
function namesIn(catalog: Catalog) {
  const usage = ({ schema }: Name): Right[] => (schema === null ? [] : [{ kind: 'usage', schema }]);
  const on = (kind: RelationRight, name: Name): Right[] => [...usage(name), { kind, relation: resolve(catalog, name) }];
  const found = (kind: 'execute' | 'type-owner', name: Name, count: number): Right[] => [
    ...usage(name),
    {
      kind,
      name: name.name,
      schemas: name.schema === null ? ['pg_catalog', ...catalog.searchPath] : [name.schema],
      arguments: count,
    },
  ];
  const references = (constraints: readonly ConstraintDef[]) =>
    constraints.flatMap((one) => (one.kind === 'foreign-key' ? on('references', one.references) : []));
  return {
    on,
    inSchema: (name: Name): Right => ({ kind: 'create', schema: creationSchema(catalog, name) }),
    calls: (functions: readonly FunctionCall[]) =>
      functions.flatMap((call) => found('execute', call, call.arguments.length)),
    reads: (relations: readonly Read[]) => relations.flatMap((read) => on('select', read)),
    typeOwner: (name: Name) => found('type-owner', name, 0),
    references,
    columnReferences: (columns: readonly ColumnDef[]) => columns.flatMap(({ constraints }) => references(constraints)),
  };
}

/** An index comes into the schema of its table, whatever the path; so does a relation under another name. */
function schemaOf(catalog: Catalog, name: Name): Right {
  const key = resolve(catalog, name);
  return { kind: 'create', schema: key.slice(0, Math.max(0, key.indexOf('.'))) };
}

function makesIndex(constraint: ConstraintDef): boolean {
  if (constraint.kind === 'exclude') return true;
  return (constraint.kind === 'unique' || constraint.kind === 'primary-key') && constraint.usingIndex === null;
}

/** Subcommands that PostgreSQL does to each partition and child as well, asking each time who owns it. */
function recurses(command: AlterCommand): boolean {
  switch (command.kind) {
    case 'add-column':
    case 'drop-column':
    case 'set-type':
    case 'set-not-null':
    case 'set-default':
    case 'drop-default':
    case 'set-statistics':
      return true;
    case 'add-constraint':
      return command.constraint.kind === 'check' && !command.constraint.noInherit;
    default:
      return false;
  }
}
