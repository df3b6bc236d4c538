import { descendants, isPartitioned, type Table } from '../catalog/catalog.ts';
import type { ActionOf } from '../sql/action.ts';
import type { Collector } from './collector.ts';

const AX = 'AccessExclusiveLock';

/** A trigger changes what writes do; a policy or rule what every query means. */
export function createTriggerEffects(out: Collector, action: ActionOf<'create-trigger'>): void {
  const lock = 'ShareRowExclusiveLock';
  out.name(action.table, lock, 'CREATE TRIGGER changes the catalog only');
  if (action.from !== null) out.name(action.from, 'AccessShareLock', 'the constraint trigger names it');
  if (!action.forEachRow) return;
  for (const partition of partitionsOf(out.table(action.table)))
    out.relation(partition, lock, 'gets the trigger of its partitioned table');
}

export function createRuleEffects(out: Collector, action: ActionOf<'create-rule'>): void {
  out.name(action.table, AX, 'CREATE RULE changes the catalog only');
  out.named(
    action.reads.filter(({ name }) => name !== 'old' && name !== 'new'),
    'the rule reads it',
  );
  for (const target of action.writes) out.name(target, 'RowExclusiveLock', 'the rule writes it');
}

export function policyEffects(out: Collector, action: ActionOf<'create-policy' | 'alter-policy'>): void {
  const statement = action.kind === 'create-policy' ? 'CREATE POLICY' : 'ALTER POLICY';
  out.name(action.table, AX, `${statement} changes the catalog only`);
  out.named(action.reads, 'the policy reads it');
}

export function dropTableObjectEffects(out: Collector, action: ActionOf<'drop-table-object'>): void {
  const { what } = action;
  out.name(action.table, AX, `DROP ${what.toUpperCase()} changes the catalog only`);
  const table = out.table(action.table);
  if (what !== 'trigger' || table?.triggers.get(action.name)?.forEachRow === false) return;
  for (const partition of partitionsOf(table))
    out.relation(partition, AX, 'loses the trigger of its partitioned table');
}

export function dependsOnExtensionEffects(out: Collector, action: ActionOf<'depends-on-extension'>): void {
  const lock = action.what === 'trigger' ? 'AccessShareLock' : AX;
  out.name(action.relation, lock, 'DEPENDS ON EXTENSION changes the catalog only');
}

export function commentEffects(out: Collector, { on, relation }: ActionOf<'comment'>): void {
  if (relation === null) return;
  const lock = on === 'part' ? 'AccessShareLock' : 'ShareUpdateExclusiveLock';
  out.name(relation, lock, 'COMMENT changes the catalog only');
}

function partitionsOf(table: Table | null): Table[] {
  return table !== null && isPartitioned(table) ? descendants(table) : [];
}
