import type { ActionOf, FunctionCall, Name, Parameter, Signature, TypeName } from '../sql/action.ts';
import { type Catalog, creationSchema, type FunctionInfo, functionKey, keyOf } from './catalog.ts';
import { drop } from './relations.ts';

export function createFunction(catalog: Catalog, action: ActionOf<'create-function'>): void {
  const name = { schema: creationSchema(catalog, action.name), name: action.name.name };
  add(catalog, { ...action, name });
}

/** What DROP and ALTER name; an unknown function changes nothing. */
export function alterFunction(catalog: Catalog, { function: signature, change }: ActionOf<'alter-function'>): void {
  const { name: to, schema, ...options } = change;
  for (const known of named(catalog, signature)) {
    remove(catalog, known);
    const name = { schema: schema ?? known.name.schema, name: to ?? known.name.name };
    add(catalog, { ...known, ...options, name });
  }
}

export function dropFunctions(catalog: Catalog, { functions }: ActionOf<'drop-function'>): void {
  for (const signature of functions) {
    const key = functionKey(catalog, signature.name);
    for (const known of named(catalog, signature)) remove(catalog, known);
    if (!catalog.functions.has(key)) dropCallers(catalog, key);
  }
}

/** Triggers, rules, policies, defaults and views that call a function, which CASCADE takes; without it there are none. */
function dropCallers(catalog: Catalog, key: string): void {
  for (const relation of catalog.relations.values()) {
    if (relation.kind === 'index' || relation.kind === 'sequence') continue;
    for (const { name, calls } of relation.triggers.values()) if (calls === key) relation.triggers.delete(name);
    for (const { name, calls } of relation.rules.values()) if (calls.includes(key)) relation.rules.delete(name);
    if ('reads' in relation) {
      if (relation.calls.includes(key)) drop(catalog, relation);
      continue;
    }
    for (const { name, calls } of relation.policies.values()) if (calls.includes(key)) relation.policies.delete(name);
    for (const [name, column] of relation.columns)
      if (column.default?.functions.some((called) => functionKey(catalog, called) === key) === true)
        relation.columns.set(name, { ...column, default: null });
  }
}

/** The functions of a schema that is dropped, or renamed. */
export function moveFunctions(catalog: Catalog, from: string, to: string | null): void {
  for (const known of [...catalog.functions.values()].flat()) {
    if (known.name.schema !== from) continue;
    remove(catalog, known);
    if (to !== null) add(catalog, { ...known, name: { ...known.name, schema: to } });
  }
}

/** The functions that a call may mean: those of the name in the first schema of the search path that has any, and which take as many arguments. */
export function calledFunctions(catalog: Catalog, call: FunctionCall): readonly FunctionInfo[] {
  const known = overloads(catalog, call);
  const fitting = known.filter((candidate) => takes(candidate.parameters, call.arguments.length));
  return fitting.length > 0 ? fitting : known;
}

function overloads(catalog: Catalog, { schema, name }: Name): readonly FunctionInfo[] {
  for (const candidate of schema === null ? catalog.searchPath : [schema]) {
    const known = catalog.functions.get(keyOf(candidate, name));
    if (known !== undefined && known.length > 0) return known;
  }
  return [];
}

function takes(parameters: readonly Parameter[], given: number): boolean {
  const own = inputs(parameters);
  const variadic = own.some(({ mode }) => mode === 'variadic');
  return (
    given >= own.filter(({ hasDefault }) => !hasDefault).length - (variadic ? 1 : 0) &&
    (variadic || given <= own.length)
  );
}

/** Those that a call gives, and that tell functions of one name apart. */
function inputs(parameters: readonly Parameter[]): readonly Parameter[] {
  return parameters.filter(({ mode }) => mode === 'in' || mode === 'inout' || mode === 'variadic');
}

function named(catalog: Catalog, signature: Signature): readonly FunctionInfo[] {
  const known = overloads(catalog, signature.name);
  const types = signature.arguments;
  if (types === null || known.length === 1) return known;
  return known.filter((candidate) => sameTypes(inputTypes(candidate), types));
}

function inputTypes({ parameters }: FunctionInfo): readonly TypeName[] {
  return inputs(parameters).map(({ type }) => type);
}

function sameTypes(a: readonly TypeName[], b: readonly TypeName[]): boolean {
  return a.length === b.length && a.every((type, at) => type.name === b[at]?.name && type.array === b[at]?.array);
}

function add(catalog: Catalog, info: FunctionInfo): void {
  const key = keyOf(info.name.schema, info.name.name);
  const others = catalog.functions.get(key)?.filter((known) => !sameTypes(inputTypes(known), inputTypes(info)));
  catalog.functions.set(key, [...(others ?? []), info]);
}

function remove(catalog: Catalog, info: FunctionInfo): void {
  const key = keyOf(info.name.schema, info.name.name);
  const rest = catalog.functions.get(key)?.filter((known) => known !== info) ?? [];
  if (rest.length === 0) catalog.functions.delete(key);
  else catalog.functions.set(key, rest);
}
