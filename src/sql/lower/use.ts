import type { LockingClause, Node, RangeVar, SelectStmt, WithClause } from '../libpg.ts';
import type { FunctionCall, Name, Read, Write } from '../action.ts';
import { callOf } from './call.ts';
import { relationName, strings, target } from './name.ts';
import { isNodeType, reverseFrom } from './walk.ts';

/** What a query, or an expression, uses of the schema. */
export interface Use {
  readonly reads: readonly Read[];
  /** What its data-modifying WITH queries write. */
  readonly writes: readonly Write[];
  /** Functions called, operators and casts left out. */
  readonly functions: readonly FunctionCall[];
}

/** Where in a query a node stands. */
interface Scope {
  /** Names that WITH defines here: they are no relations. */
  readonly defined: ReadonlySet<string>;
  /** The FROM items whose rows FOR UPDATE and its kin lock, by their names in the query; null for all. */
  readonly locked: ReadonlySet<string> | null;
  /** Whether it is in the FROM of the query itself, or of a subquery there. */
  readonly inFrom: boolean;
  /** Whether all columns of a FROM item are used: `SELECT *`. */
  readonly star: boolean;
}

const NOTHING: ReadonlySet<string> = new Set();
const OUTSIDE: Scope = { defined: NOTHING, locked: NOTHING, inFrom: true, star: false };

interface Pending {
  readonly value: unknown;
  readonly scope: Scope;
}

interface Found {
  readonly name: Name;
  readonly aliases: Set<string>;
  only: boolean;
  locksRows: boolean;
  inFrom: boolean;
  star: boolean;
}

/** Reads a tree once, with a stack of its own: a generated expression can be deeper than JavaScript's. */
export function useIn(root: unknown): Use {
  const found = new Map<string, Found>();
  /** By the name in front of them, '' for none; `*` among them for all. */
  const columns = new Map<string, Set<string>>();
  const writes: Write[] = [];
  const functions: FunctionCall[] = [];
  const pending: Pending[] = [{ value: root, scope: OUTSIDE }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, scope } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) {
      for (let at = value.length - 1; at >= 0; at -= 1) {
        const item: unknown = value[at];
        // Rows of data are mostly constants.
        if (typeof item === 'object' && item !== null && !('A_Const' in item)) pending.push({ value: item, scope });
      }
      continue;
    }
    const node = value as Node;
    if (tells(node)) {
      if ('RangeVar' in node) addRead(found, node.RangeVar, scope);
      else if ('FuncCall' in node) functions.push(callOf(node.FuncCall));
      else if ('ColumnRef' in node) {
        const { fields = [] } = node.ColumnRef;
        const parts = fields.map((field) => ('String' in field ? (field.String.sval ?? '') : '*'));
        addColumn(columns, parts.at(-2) ?? '', parts.at(-1) ?? '');
      } else if ('JoinExpr' in node) {
        for (const column of strings(node.JoinExpr.usingClause)) addColumn(columns, '', column);
      } else if ('InsertStmt' in node) writes.push(write('insert', node.InsertStmt.relation));
      else if ('UpdateStmt' in node) writes.push(write('update', node.UpdateStmt.relation));
      else if ('DeleteStmt' in node) writes.push(write('delete', node.DeleteStmt.relation));
      else if ('MergeStmt' in node) writes.push(write('merge', node.MergeStmt.relation));
    }
    pushBelow(pending, node, scope);
  }
  return {
    reads: [...found.values()].map(({ name: { schema, name }, aliases, only, locksRows, inFrom, star }) => ({
      schema,
      name,
      only,
      locksRows,
      inFrom,
      columns: star ? null : columnsOf(columns, aliases),
    })),
    writes,
    functions,
  };
}

/** Whether it is a node that says what is used. A node is an object with its type as the only key; most objects are none of these. */
function tells(value: object): boolean {
  for (const type in value) return TELLING.has(type);
  return false;
}

const TELLING: ReadonlySet<string> = new Set([
  'RangeVar',
  'FuncCall',
  'ColumnRef',
  'JoinExpr',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
]);

/** Relations named anywhere below, without those that WITH defines there. */
export function readsIn(root: unknown): readonly Read[] {
  return useIn(root).reads;
}

function write(command: Write['command'], relation: RangeVar | undefined): Write {
  const { schema, name, only } = target(relation);
  return { schema, name, only, command };
}

function addRead(found: Map<string, Found>, relation: RangeVar, { defined, locked, inFrom, star }: Scope): void {
  const name = relationName(relation);
  if (name.schema === null && defined.has(name.name)) return;
  const key = `${name.schema ?? ''}.${name.name}`;
  const alias = relation.alias?.aliasname ?? name.name;
  const locksRows = locked === null || locked.has(alias);
  const only = relation.inh !== true;
  const known = found.get(key);
  if (known === undefined) {
    found.set(key, { name, aliases: new Set([alias]), only, locksRows, inFrom, star });
    return;
  }
  known.aliases.add(alias);
  known.only &&= only;
  known.locksRows ||= locksRows;
  known.inFrom ||= inFrom;
  known.star ||= star;
}

function addColumn(columns: Map<string, Set<string>>, of: string, column: string): void {
  const known = columns.get(of);
  if (known === undefined) columns.set(of, new Set([column]));
  else known.add(column);
}

/** Null for all: `users.*`, or `users` alone, which is the whole row. A bare `*` speaks of its own FROM, and is seen there. */
function columnsOf(columns: ReadonlyMap<string, ReadonlySet<string>>, aliases: ReadonlySet<string>): string[] | null {
  const bare = columns.get('') ?? NOTHING;
  const used = new Set([...bare].filter((column) => column !== '*'));
  for (const alias of aliases) {
    const own = columns.get(alias) ?? NOTHING;
    if (own.has('*') || bare.has(alias)) return null;
    for (const column of own) used.add(column);
  }
  return [...used];
}

function pushBelow(pending: Pending[], node: object, scope: Scope): void {
  const query: SelectStmt = node;
  const fields = node as Readonly<Record<string, unknown>>;
  const { withClause } = query;
  const here = withClause === undefined ? scope : { ...scope, defined: withDefined(scope.defined, withClause) };
  const below = pending.length;
  // The trees come from JSON, so that nothing is inherited; for…in makes no array for each of their many small objects.
  for (const key in fields) {
    const value = fields[key];
    if (typeof value !== 'object' || value === null || key === 'A_Const' || key === 'lockingClause') continue;
    if (key === 'withClause') pushWith(pending, withClause, scope);
    else if (key === 'fromClause') pending.push({ value, scope: { ...here, ...fromScope(query, scope) } });
    else if (key === 'RangeSubselect') pending.push({ value, scope: { ...here, ...inside(value, scope) } });
    else if (KEEPS.has(key) || (isNodeType(key) && key !== 'SubLink')) pending.push({ value, scope: here });
    else pending.push({ value, scope: away(here) });
  }
  reverseFrom(pending, below);
}

/** An expression, also one in FROM, is out of reach of what FOR UPDATE says outside of it. */
function away(scope: Scope): Scope {
  if (!scope.inFrom && !scope.star && scope.locked === NOTHING) return scope;
  return { defined: scope.defined, locked: NOTHING, inFrom: false, star: false };
}

/** Fields through which a FROM item, or a query that is one, is reached. */
const KEEPS: ReadonlySet<string> = new Set(['larg', 'rarg', 'subquery']);

/** What holds for the FROM items of a query. FOR UPDATE reaches into the subqueries that it names. */
function fromScope({ lockingClause = [], targetList = [] }: SelectStmt, outer: Scope): Pick<Scope, 'locked' | 'star'> {
  const clauses = lockingClause.flatMap((item) => ('LockingClause' in item ? [item.LockingClause] : []));
  const all = outer.locked === null || clauses.some((clause) => lockedBy(clause).length === 0);
  return {
    locked: all ? null : new Set(clauses.flatMap(lockedBy)),
    star: targetList.some(
      (item) =>
        'ResTarget' in item &&
        item.ResTarget.val !== undefined &&
        'ColumnRef' in item.ResTarget.val &&
        item.ResTarget.val.ColumnRef.fields?.length === 1 &&
        item.ResTarget.val.ColumnRef.fields.some((field) => 'A_Star' in field),
    ),
  };
}

function lockedBy({ lockedRels = [] }: LockingClause): string[] {
  return lockedRels.flatMap((item) => ('RangeVar' in item ? [item.RangeVar.relname ?? ''] : []));
}

function inside(subselect: { alias?: { aliasname?: string } }, { locked }: Scope): Pick<Scope, 'locked' | 'star'> {
  return { locked: locked === null || locked.has(subselect.alias?.aliasname ?? '') ? null : NOTHING, star: false };
}

function withDefined(defined: ReadonlySet<string>, { ctes = [] }: WithClause): ReadonlySet<string> {
  return new Set([...defined, ...namesOf(ctes)]);
}

/** A query of WITH sees those before it, and with RECURSIVE all of them. */
function pushWith(pending: Pending[], clause: WithClause | undefined, { defined }: Scope): void {
  const ctes = clause?.ctes ?? [];
  for (const [at, cte] of ctes.entries()) {
    const seen = namesOf(clause?.recursive === true ? ctes : ctes.slice(0, at));
    pending.push({ value: cte, scope: { ...OUTSIDE, inFrom: false, defined: new Set([...defined, ...seen]) } });
  }
}

function namesOf(ctes: readonly Node[]): string[] {
  return ctes.flatMap((cte) => ('CommonTableExpr' in cte ? [cte.CommonTableExpr.ctename ?? ''] : []));
}
