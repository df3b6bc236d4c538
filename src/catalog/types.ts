import type { ActionOf, TypeName } from '../sql/action.ts';
import {
  type Catalog,
  type Column,
  creationSchema,
  type Domain,
  keyOf,
  qualifiedType,
  type Table,
  typeKey,
} from './catalog.ts';
import { dropColumn } from './columns.ts';
import { drop } from './relations.ts';

export function createDomain(catalog: Catalog, { name, base, notNull, checks }: ActionOf<'create-domain'>): void {
  catalog.domains.set(keyOf(creationSchema(catalog, name), name.name), {
    base: qualifiedType(catalog, base),
    notNull,
    checks: new Set(checks.map((check, at) => check ?? `${name.name}_check${at === 0 ? '' : at}`)),
  });
}

export function alterDomain(catalog: Catalog, { name, command, constraint }: ActionOf<'alter-domain'>): void {
  const key = typeKey(catalog, name);
  const domain = catalog.domains.get(key);
  if (domain === undefined) return;
  catalog.domains.set(key, changedDomain(domain, command, constraint ?? `${name.name}_check`));
}

function changedDomain(domain: Domain, command: ActionOf<'alter-domain'>['command'], constraint: string): Domain {
  switch (command) {
    case 'add-constraint':
    case 'add-constraint-not-valid':
      return { ...domain, checks: new Set([...domain.checks, constraint]) };
    case 'drop-constraint':
      return { ...domain, checks: new Set([...domain.checks].filter((name) => name !== constraint)) };
    case 'set-not-null':
    case 'drop-not-null':
      return { ...domain, notNull: command === 'set-not-null' };
    case 'validate-constraint':
    case 'set-default':
      return domain;
  }
}

export function alterEnum(catalog: Catalog, action: ActionOf<'alter-enum'>): void {
  const values = catalog.enums.get(typeKey(catalog, action.name));
  if (values === undefined) return;
  if (action.command === 'rename-value') {
    const at = values.indexOf(action.from);
    if (at !== -1) values[at] = action.value;
    return;
  }
  if (values.includes(action.value)) return;
  const beside = action.beside === null ? -1 : values.indexOf(action.beside.value);
  values.splice(beside === -1 ? values.length : beside + (action.beside?.after === true ? 1 : 0), 0, action.value);
}

export function createComposite(catalog: Catalog, { name, attributes }: ActionOf<'create-composite'>): void {
  const types = attributes.map((attribute) => [attribute.name, qualifiedType(catalog, attribute.type)] as const);
  catalog.composites.set(keyOf(creationSchema(catalog, name), name.name), new Map(types));
}

export function alterComposite(catalog: Catalog, { name, commands }: ActionOf<'alter-composite'>): void {
  const attributes = catalog.composites.get(typeKey(catalog, name));
  for (const { kind, attribute, type } of commands) {
    if (kind === 'drop') attributes?.delete(attribute);
    else if (type !== null) attributes?.set(attribute, qualifiedType(catalog, type));
  }
  for (const table of typedTables(catalog, new Set([typeKey(catalog, name)]))) {
    for (const { kind, attribute, type, cascade } of commands) {
      if (!cascade) continue;
      if (kind === 'drop') dropColumn(catalog, table, attribute);
      else if (type !== null) setAttribute(catalog, table, attribute, type);
    }
  }
}

/** A column of a table OF a composite type. */
export function setAttribute(catalog: Catalog, table: Table, name: string, type: TypeName): void {
  const known = table.columns.get(name) ?? attributeColumn(type);
  table.columns.set(name, { ...known, type: qualifiedType(catalog, type) });
}

function attributeColumn(type: TypeName): Column {
  return {
    type,
    default: null,
    sequences: [],
    notNull: false,
    identity: false,
    generated: null,
    computedFrom: [],
    collation: null,
  };
}

/** A type that is renamed or moves keeps its place in columns, domains and composite types. */
export function changeType(catalog: Catalog, { name, to }: ActionOf<'change-type'>): void {
  const from = typeKey(catalog, name);
  const schema = from.slice(0, from.length - name.name.length - 1);
  const changed = { schema, name: name.name, ...to };
  const key = keyOf(changed.schema, changed.name);
  rekey(catalog.domains, from, key);
  rekey(catalog.enums, from, key);
  rekey(catalog.composites, from, key);
  rekey(catalog.ranges, from, key);
  const renamed = (type: TypeName): TypeName =>
    keyOf(type.schema ?? '', type.name) === from ? { ...type, ...changed } : type;
  for (const [domain, known] of catalog.domains) catalog.domains.set(domain, { ...known, base: renamed(known.base) });
  for (const attributes of catalog.composites.values())
    for (const [attribute, type] of attributes) attributes.set(attribute, renamed(type));
  for (const relation of catalog.relations.values()) {
    if (relation.kind !== 'table' && relation.kind !== 'foreign-table') continue;
    if (relation.ofType === from) relation.ofType = key;
    for (const [column, known] of relation.columns)
      relation.columns.set(column, { ...known, type: renamed(known.type) });
  }
}

function rekey<Value>(types: Map<string, Value>, from: string, to: string): void {
  const known = types.get(from);
  if (known === undefined) return;
  types.delete(from);
  types.set(to, known);
}

/** Types with the domains and ranges made of them: what DROP … CASCADE takes. */
export function typesOver(catalog: Catalog, keys: readonly string[]): ReadonlySet<string> {
  const found = new Set(keys);
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const [key, { base }] of catalog.domains) if (found.has(typeKey(catalog, base))) found.add(key);
    for (const [key, subtype] of catalog.ranges)
      if (subtype !== null && found.has(typeKey(catalog, subtype))) found.add(key);
  }
  return found;
}

/** Tables with the columns that have one of the types, arrays included. */
export function columnsOfTypes(
  catalog: Catalog,
  types: ReadonlySet<string>,
): { readonly table: Table; readonly columns: readonly string[] }[] {
  const found: { table: Table; columns: readonly string[] }[] = [];
  for (const table of catalog.relations.values()) {
    if (table.kind !== 'table' && table.kind !== 'foreign-table') continue;
    const columns = [...table.columns].flatMap(([name, { type }]) => (types.has(typeKey(catalog, type)) ? [name] : []));
    if (columns.length > 0) found.push({ table, columns });
  }
  return found;
}

/** The tables made by CREATE TABLE … OF one of the types. */
export function typedTables(catalog: Catalog, types: ReadonlySet<string>): Table[] {
  return [...catalog.relations.values()].filter(
    (relation): relation is Table =>
      (relation.kind === 'table' || relation.kind === 'foreign-table') &&
      relation.ofType !== null &&
      types.has(relation.ofType),
  );
}

export function dropTypes(catalog: Catalog, keys: readonly string[]): void {
  const types = typesOver(catalog, keys);
  for (const table of typedTables(catalog, types)) drop(catalog, table);
  for (const { table, columns } of columnsOfTypes(catalog, types))
    for (const column of columns) dropColumn(catalog, table, column);
  for (const key of types) {
    for (const known of [catalog.domains, catalog.enums, catalog.composites, catalog.ranges]) known.delete(key);
  }
}

/** Types of a schema. */
export function typesIn(catalog: Catalog, schema: string): string[] {
  return [catalog.domains, catalog.enums, catalog.composites, catalog.ranges].flatMap((types) =>
    [...types.keys()].filter((key) => key.startsWith(`${schema}.`)),
  );
}
