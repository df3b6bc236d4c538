import { type Catalog, creationSchema, keyOf, resolve } from '../catalog/catalog.ts';
import { beginSession } from '../catalog/session.ts';
import { advance } from '../effects/effects.ts';
import type { Action } from '../sql/action.ts';
import type { Script, Statement } from '../sql/statement.ts';
import { RELATION_KINDS } from '../catalog/rename.ts';

/** A statement and the relations of it that are asked about, schema-qualified, as the linter names them. */
export interface Asked {
  readonly statement: Statement;
  readonly relations: readonly string[];
}

/** Names of one relation, in the order in which they are looked up: the first that the server has is meant. */
export type Lookup = readonly string[];

/** By statement and relation: what it may be on the server before the run; nothing where the run makes it. */
export type NamesBefore = ReadonlyMap<Statement, ReadonlyMap<string, readonly Lookup[]>>;

/**
 * Follows relations back through what the pending statements before do to their names: `orders` may be what is `purchases` on the
 * server now, or a new table in place of one that the run drops.
 */
export function namesBefore(
  scripts: readonly Script[],
  catalog: Catalog,
  version: number,
  isPending: (statement: Statement) => boolean,
  asked: readonly Asked[],
): NamesBefore {
  const wanted = new Map(asked.map(({ statement, relations }) => [statement, relations]));
  const names = new Map<Statement, Map<string, readonly Lookup[]>>();
  const changes = nameChanges();
  for (const script of scripts) {
    beginSession(
      catalog,
      script.statements.map(({ action }) => action),
    );
    const goesBack = script.statements.some(({ action }) => isRollback(action));
    for (const statement of script.statements) {
      if (!isPending(statement)) {
        advance(catalog, statement.action, version);
        continue;
      }
      const found = new Map<string, Lookup[]>();
      // Code that a statement runs may rename what it then works on.
      advance(catalog, statement.action, version, ({ action, within }) => {
        for (const relation of wanted.get(statement) ?? []) {
          const known = found.get(relation) ?? [];
          const lookup = changes.before(relation, catalog.searchPath);
          if (lookup !== null) known.push(lookup);
          found.set(relation, known);
        }
        changes.see(action, catalog, within === null && !goesBack);
      });
      if (wanted.has(statement)) names.set(statement, found);
    }
  }
  return names;
}

function isRollback(action: Action): boolean {
  return action.kind === 'transaction' && action.command.startsWith('rollback');
}

interface NameChanges {
  /** Null for a relation that the run makes. */
  before(relation: string, searchPath: readonly string[]): Lookup | null;
  /** What may not happen, such as a branch of a DO block, adds names and takes none away. */
  see(action: Action, catalog: Catalog, certain: boolean): void;
}

function nameChanges(): NameChanges {
  /** What a name of now was before the run; null for nothing that was there. */
  const origins = new Map<string, string | null>();
  const schemas = new Map<string, string | null>();
  const made = new Set<string>();

  const originOf = (key: string): string | null => {
    const known = origins.get(key);
    if (known !== undefined) return known;
    const [schema, name] = split(key);
    const before = schemas.get(schema);
    if (before === undefined) return key;
    return before === null ? null : keyOf(before, name);
  };
  const move = (from: string, to: (schema: string, name: string) => string, certain: boolean): void => {
    const origin = originOf(from);
    const key = to(...split(from));
    if (certain) origins.set(from, null);
    origins.set(key, origin);
    if (made.has(from)) made.add(key);
  };
  const forget = (schema: string): void => {
    for (const key of origins.keys()) if (split(key)[0] === schema) origins.delete(key);
    schemas.set(schema, null);
  };

  return {
    before(relation, searchPath) {
      const origin = originOf(relation);
      if (origin === null) return null;
      const [schema, name] = split(origin);
      // What the history does not make may be in any schema that the role's names are looked up in.
      const elsewhere = !made.has(relation) && schema === searchPath[0] ? searchPath.slice(1) : [];
      return [origin, ...elsewhere.map((other) => keyOf(other, name))];
    },
    see(action, catalog, certain) {
      switch (action.kind) {
        case 'create-table':
        case 'create-table-as':
        case 'create-view':
          made.add(keyOf(creationSchema(catalog, action.name), action.name.name));
          break;
        case 'rename':
          if (RELATION_KINDS.has(action.what))
            move(resolve(catalog, action.relation), (schema) => keyOf(schema, action.to), certain);
          break;
        case 'set-schema':
          move(resolve(catalog, action.relation), (_, name) => keyOf(action.schema, name), certain);
          break;
        case 'drop-relation':
          if (certain) for (const name of action.names) origins.set(resolve(catalog, name), null);
          break;
        case 'drop-schema':
          if (certain) for (const schema of action.names) forget(schema);
          break;
        case 'rename-schema': {
          const moved = [...origins].filter(([key]) => split(key)[0] === action.from);
          const before = schemas.get(action.from);
          if (certain) forget(action.from);
          for (const [key, origin] of moved) origins.set(keyOf(action.to, split(key)[1]), origin);
          schemas.set(action.to, before === undefined ? action.from : before);
          break;
        }
        default:
          break;
      }
    },
  };
}

/** A schema with a dot in its name is taken for one without; the server is then asked by the whole name all the same. */
function split(key: string): [schema: string, name: string] {
  const dot = key.indexOf('.');
  return [key.slice(0, Math.max(dot, 0)), key.slice(dot + 1)];
}
