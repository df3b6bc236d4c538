import type { ActionOf } from '../sql/action.ts';
import {
  type Catalog,
  descendants,
  findRelation,
  functionKey,
  isPartitioned,
  type Relation,
  type Table,
  type View,
} from './catalog.ts';
import { mention } from './relations.ts';

export function createTrigger(catalog: Catalog, action: ActionOf<'create-trigger'>): void {
  const owner = ownerOf(catalog, action.table);
  const { name, forEachRow } = action;
  for (const target of withPartitions(owner, forEachRow))
    target.triggers.set(name, { name, forEachRow, calls: functionKey(catalog, action.calls) });
}

export function createRule(catalog: Catalog, action: ActionOf<'create-rule'>): void {
  const { name, on, instead, functions } = action;
  ownerOf(catalog, action.table)?.rules.set(name, {
    name,
    on,
    instead,
    reads: relationsOf(
      catalog,
      action.reads.filter((read) => read.name !== 'old' && read.name !== 'new'),
    ),
    writes: action.writes.flatMap((target) => {
      const relation = findRelation(catalog, target) ?? mention(catalog, target);
      return relation === null ? [] : [{ relation, command: target.command }];
    }),
    calls: functions.map((called) => functionKey(catalog, called)),
  });
}

/** ALTER POLICY may leave out an expression, which then stays; what that reads is not forgotten. */
export function setPolicy(catalog: Catalog, action: ActionOf<'create-policy' | 'alter-policy'>): void {
  const owner = ownerOf(catalog, action.table);
  if (owner?.kind !== 'table' && owner?.kind !== 'foreign-table') return;
  const { name } = action;
  const known = action.kind === 'alter-policy' ? owner.policies.get(name) : undefined;
  owner.policies.set(name, {
    name,
    reads: new Set([...(known?.reads ?? []), ...relationsOf(catalog, action.reads)]),
    calls: [...(known?.calls ?? []), ...action.functions.map((called) => functionKey(catalog, called))],
  });
}

export function dropTableObject(catalog: Catalog, { what, table, name }: ActionOf<'drop-table-object'>): void {
  const owner = ownerOf(catalog, table);
  for (const target of what === 'trigger' ? withPartitions(owner, true) : owner === null ? [] : [owner])
    objectsOf(target, what)?.delete(name);
}

export function renameTableObject(
  owner: Table | View,
  what: 'trigger' | 'policy' | 'rule',
  from: string,
  to: string,
): void {
  for (const target of what === 'trigger' ? withPartitions(owner, true) : [owner]) {
    const objects = objectsOf(target, what);
    const known = objects?.get(from);
    if (known === undefined) continue;
    objects?.delete(from);
    objects?.set(to, { ...known, name: to });
  }
}

function objectsOf(owner: Table | View, what: 'trigger' | 'policy' | 'rule'): Map<string, { name: string }> | null {
  if (what === 'trigger') return owner.triggers;
  if (what === 'rule') return owner.rules;
  return 'policies' in owner ? owner.policies : null;
}

function ownerOf(catalog: Catalog, name: ActionOf<'create-trigger'>['table']): Table | View | null {
  const relation = findRelation(catalog, name) ?? mention(catalog, name);
  return relation === null || relation.kind === 'index' || relation.kind === 'sequence' ? null : relation;
}

/** Partitions have the row triggers of their partitioned table. */
function withPartitions(owner: Table | View | null, forEachRow: boolean): (Table | View)[] {
  if (owner === null) return [];
  return forEachRow && owner.kind === 'table' && isPartitioned(owner) ? [owner, ...descendants(owner)] : [owner];
}

function relationsOf(catalog: Catalog, names: readonly ActionOf<'create-trigger'>['table'][]): Set<Relation> {
  return new Set(names.flatMap((name) => findRelation(catalog, name) ?? mention(catalog, name) ?? []));
}

/** A function that is renamed stays the one that is called. */
export function renameCalls(catalog: Catalog, from: string, to: string): void {
  const renamed = (calls: readonly string[]) => calls.map((key) => (key === from ? to : key));
  for (const relation of catalog.relations.values()) {
    if (relation.kind === 'index' || relation.kind === 'sequence') continue;
    for (const [name, trigger] of relation.triggers)
      if (trigger.calls === from) relation.triggers.set(name, { ...trigger, calls: to });
    for (const [name, rule] of relation.rules) relation.rules.set(name, { ...rule, calls: renamed(rule.calls) });
    if ('reads' in relation) relation.calls = renamed(relation.calls);
    else
      for (const [name, policy] of relation.policies)
        relation.policies.set(name, { ...policy, calls: renamed(policy.calls) });
  }
}
