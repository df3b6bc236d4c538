import { type Catalog, creationSchema, keyOf } from '../catalog/catalog.ts';
import { beginSession } from '../catalog/session.ts';
import { advance } from '../effects/effects.ts';
import type { Action } from '../sql/action.ts';
import type { Script, Statement } from '../sql/statement.ts';
import { type Right, rightsFor } from './rights.ts';

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
  let parted = false;
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
        const rights = ourselves ? rightsFor(action, catalog).filter((right) => !made.has(subject(right) ?? '')) : [];
        if (rights.length > 0) wanted.push({ script, statement, rights: parted ? rights.map(ofItAlone) : rights });
        if (mayChangeRights(statement)) return wanted;
        for (const key of makes(action, catalog)) made.add(key);
        parted ||= partsFamilies(action);
      }
      advance(catalog, action, version);
    }
  }
  return wanted;
}

function ofItAlone(right: Right): Right {
  return right.kind === 'owner-of-all' ? { ...right, kind: 'owner' } : right;
}

/** By what a right is known to be about something that the run makes itself. */
function subject(right: Right): string | null {
  switch (right.kind) {
    case 'create':
    case 'usage':
    case 'schema-owner':
      return right.schema;
    case 'execute':
      return functionNamed(right.name);
    case 'type-owner':
      return typeNamed(right.name);
    case 'create-in-database':
    case 'create-extension':
      return null;
    default:
      return right.relation;
  }
}

const functionNamed = (name: string) => `function ${name}`;
const typeNamed = (name: string) => `type ${name}`;

/** What is the run's own from here on, or not what it was: relations by key; schemas, functions and types by name. */
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
    case 'create-function':
      return [functionNamed(action.name.name)];
    case 'alter-function': {
      const { name } = action.change;
      return [action.function.name.name, ...(name === undefined ? [] : [name])].map(functionNamed);
    }
    case 'create-enum':
    case 'create-domain':
    case 'create-composite':
    case 'create-range':
      return [typeNamed(action.name.name)];
    case 'change-type':
      return [action.name.name, ...('name' in action.to ? [action.to.name] : [])].map(typeNamed);
    case 'drop-type':
      return action.names.map(({ name }) => typeNamed(name));
    default:
      return [];
  }
}

/** A partition or child that is there now may not be one any more. */
function partsFamilies(action: Action): boolean {
  if (action.kind === 'drop-relation' || action.kind === 'drop-schema') return true;
  return (
    action.kind === 'alter-table' &&
    action.commands.some(({ kind }) => kind === 'detach-partition' || kind === 'no-inherit')
  );
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
