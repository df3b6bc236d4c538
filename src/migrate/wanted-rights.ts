import { type Catalog, creationSchema, keyOf, resolve } from '../catalog/catalog.ts';
import { beginSession } from '../catalog/session.ts';
import { advance } from '../effects/effects.ts';
import type { Action, ColumnDef, ConstraintDef, Name } from '../sql/action.ts';
import type { Script, Statement } from '../sql/statement.ts';

/** What the server asks of a role before it runs a statement. */
export type Right =
  | {
      /** `owner-or-schema`: the owner of its schema may drop it, too. */
      readonly kind: 'owner' | 'owner-or-schema' | 'references' | 'trigger';
      /** Schema-qualified. */
      readonly relation: string;
    }
  | { readonly kind: 'create'; readonly schema: string };

export interface Wanted {
  readonly script: Script;
  readonly statement: Statement;
  readonly rights: readonly Right[];
}

/**
 * The rights that pending statements need on what the run itself does not make. It ends with the first statement that may change who has
 * which: what comes after it is for the server to judge.
 */
export function wantedRights(
  scripts: readonly Script[],
  catalog: Catalog,
  version: number,
  isPending: (statement: Statement) => boolean,
): Wanted[] {
  const wanted: Wanted[] = [];
  const made = new Set<string>();
  for (const script of scripts) {
    beginSession(
      catalog,
      script.statements.map(({ action }) => action),
    );
    let ourselves = true;
    for (const statement of script.statements) {
      const { action } = statement;
      if (takesOnRole(action)) ourselves = false;
      if (isPending(statement)) {
        const rights = ourselves ? rightsFor(action, catalog).filter((right) => !made.has(subject(right))) : [];
        if (rights.length > 0) wanted.push({ script, statement, rights });
        if (mayChangeRights(statement)) return wanted;
        for (const key of makes(action, catalog)) made.add(key);
      }
      advance(catalog, action, version);
    }
  }
  return wanted;
}

function subject(right: Right): string {
  return right.kind === 'create' ? right.schema : right.relation;
}

function rightsFor(action: Action, catalog: Catalog): Right[] {
  const on = (kind: Exclude<Right['kind'], 'create'>, name: Name): Right => ({
    kind,
    relation: resolve(catalog, name),
  });
  const create = (name: Name): Right => ({ kind: 'create', schema: creationSchema(catalog, name) });
  const references = (constraints: readonly ConstraintDef[]) =>
    constraints.flatMap((one) => (one.kind === 'foreign-key' ? [on('references', one.references)] : []));
  const columnReferences = (columns: readonly ColumnDef[]) =>
    columns.flatMap(({ constraints }) => references(constraints));

  switch (action.kind) {
    case 'create-table':
      return [
        ...(action.persistence === 'temporary' ? [] : [create(action.name)]),
        ...(action.partitionOf === null ? [] : [on('owner', action.partitionOf.parent)]),
        ...action.inherits.map((parent) => on('owner', parent)),
        ...references(action.constraints),
        ...columnReferences(action.columns),
      ];
    case 'create-table-as':
      return action.persistence === 'temporary' ? [] : [create(action.name)];
    case 'create-view':
      return action.temporary ? [] : [create(action.name)];
    case 'create-sequence':
    case 'create-function':
    case 'create-enum':
    case 'create-domain':
    case 'create-composite':
    case 'create-range':
      return [create(action.name)];
    case 'create-index': {
      const owner = on('owner', action.table);
      return [owner, { kind: 'create', schema: schemaOf(owner) }];
    }
    case 'alter-table':
      return [
        on('owner', action.name),
        ...action.commands.flatMap((command) => {
          if (command.kind === 'add-column') return columnReferences([command.column]);
          if (command.kind === 'add-constraint') return references([command.constraint]);
          if (command.kind === 'attach-partition') return [on('owner', command.partition)];
          return command.kind === 'inherit' ? [on('owner', command.parent)] : [];
        }),
      ];
    case 'alter-sequence':
      return [on('owner', action.name)];
    case 'rename':
      return [on('owner', action.relation)];
    case 'set-schema':
      return [on('owner', action.relation), { kind: 'create', schema: action.schema }];
    case 'drop-relation':
      return action.names.map((name) => on('owner-or-schema', name));
    case 'create-trigger':
      return [on('trigger', action.table)];
    case 'create-rule':
      return [on('owner', action.table)];
    default:
      return [];
  }
}

/** The schema of what a right is about. */
function schemaOf(right: Right): string {
  const subjectOf = subject(right);
  return subjectOf.slice(0, Math.max(0, subjectOf.indexOf('.')));
}

/** Relations and schemas that are the run's own from here on, by key and by name. */
function makes(action: Action, catalog: Catalog): string[] {
  switch (action.kind) {
    case 'create-table':
    case 'create-table-as':
    case 'create-view':
    case 'create-sequence':
      return [keyOf(creationSchema(catalog, action.name), action.name.name)];
    case 'create-schema':
      return [action.name];
    case 'rename-schema':
      return [action.from, action.to];
    case 'drop-schema':
      return [...action.names];
    default:
      return [];
  }
}

/** From here on the file acts as someone else, or may do so. */
function takesOnRole(action: Action): boolean {
  return action.kind === 'set' && (action.name === 'role' || action.name === 'session_authorization');
}

/** Gives or takes rights, or runs what we cannot read. */
function mayChangeRights({ action, kind }: Statement): boolean {
  switch (action.kind) {
    case 'grant':
    case 'call':
    case 'do':
    case 'execute':
    case 'runs-alone':
    case 'unknown':
      return true;
    case 'no-relation':
      return kind !== 'VariableSet';
    case 'select':
    case 'dml':
    case 'create-table-as':
      return action.functions.length > 0;
    case 'explain':
      return action.analyze;
    case 'create-schema':
      return action.elements.length > 0;
    case 'alter-table':
      return action.commands.some((command) => command.kind === 'set-owner' || command.kind === 'unknown');
    default:
      return false;
  }
}
