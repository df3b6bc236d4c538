import { descendants, isPartitioned, type Relation, type Table, type View } from '../catalog/catalog.ts';
import { LOCK_MODES } from '../postgres/lock-mode.ts';
import type { Action, ActionOf, Read, Target, Write } from '../sql/action.ts';
import { ancestors } from './ancestors.ts';
import type { Collector, Work } from './collector.ts';
import { foreignKeysPointingTo } from './foreign-keys.ts';

const AX = 'AccessExclusiveLock';
const RX = 'RowExclusiveLock';

export function dmlEffects(out: Collector, action: ActionOf<'dml'>): void {
  const { table, command, assigns } = action;
  const work: Work = { rows: true };
  readEffects(out, action.reads);
  const { schema, name, only } = table;
  writeEffects(out, { schema, name, only, command }, assigns, work);
  for (const write of action.writes) writeEffects(out, write, [], work);
}

export function selectEffects(out: Collector, { reads }: ActionOf<'select'>): void {
  readEffects(out, reads);
}

/** WITH NO DATA, or a relation that is there already: the query is looked at, and not run. */
export function createTableAsEffects(out: Collector, action: ActionOf<'create-table-as'>): void {
  if (!action.withData || (action.ifNotExists && out.find(action.name) !== null)) {
    out.named(action.reads, 'its columns are those of the new relation');
    return;
  }
  readEffects(out, action.reads);
}

/** What PREPARE looks at: views are resolved, partitions and children wait for the planner, functions for the run. */
export function unplanned(action: Action): Action {
  if (action.kind !== 'select' && action.kind !== 'dml') return action;
  const reads = action.reads.map((read) => ({ ...read, only: true }));
  if (action.kind === 'select') return { ...action, reads, functions: [] };
  return { ...action, reads, table: { ...action.table, only: true }, functions: [] };
}

/** What running a query locks: all that it reads, at every level. */
function readEffects(out: Collector, reads: readonly Read[]): void {
  for (const read of reads) {
    out.name(read, read.locksRows ? 'RowShareLock' : 'AccessShareLock', 'is read');
    const relation = out.find(read);
    if (relation !== null) belowRead(out, relation, read);
  }
}

/** How a query reads a relation. */
interface Reading {
  readonly relation: Relation;
  readonly only: boolean;
  readonly locksRows: boolean;
}

/** Partitions and children of what is read, and what a view reads in its turn. FOR UPDATE reaches into the FROM of a view. */
function belowRead(out: Collector, read: Relation, how: { readonly only: boolean; readonly locksRows: boolean }): void {
  const seen = new Set<Relation>();
  const pending: Reading[] = [{ relation: read, only: how.only, locksRows: how.locksRows }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { relation, only, locksRows } = next;
    const lock = locksRows ? 'RowShareLock' : 'AccessShareLock';
    if ((relation.kind === 'table' || relation.kind === 'foreign-table') && !only) {
      for (const child of descendants(relation))
        // The planner leaves out partitions that the query cannot mean.
        out.relation(child, lock, `is read with ${relation.name}`, { conditional: isPartitioned(relation) });
    }
    if (relation.kind !== 'view' || seen.has(relation)) continue;
    seen.add(relation);
    for (const [source, { only, inFrom }] of relation.reads) {
      const below = { relation: source, only, locksRows: locksRows && inFrom };
      out.relation(source, below.locksRows ? lock : 'AccessShareLock', `${relation.name} reads it`);
      pending.push(below);
    }
  }
}

/** What running the query of a view locks. */
export function sourceEffects(out: Collector, view: View): void {
  for (const [source, { only }] of view.reads) {
    out.relation(source, 'AccessShareLock', `${view.name} reads it`);
    belowRead(out, source, { only, locksRows: false });
  }
}

type WriteCommand = Write['command'] | 'copy-from';

function writeEffects(
  out: Collector,
  target: Target & { readonly command: WriteCommand },
  assigns: readonly string[],
  work: Work,
): void {
  const { command } = target;
  const because = `${command === 'copy-from' ? 'COPY' : command.toUpperCase()} writes rows`;
  const relation = out.find(target);
  if (relation?.kind === 'view') writeToView(out, relation, command, assigns, work, new Set());
  else if (relation?.kind === 'table' || relation?.kind === 'foreign-table')
    writeToTable(out, relation, { command, only: target.only }, assigns, work);
  else out.name(target, RX, because, work);
}

function writeToTable(
  out: Collector,
  table: Table,
  { command, only }: { readonly command: WriteCommand; readonly only: boolean },
  assigns: readonly string[],
  work: Work,
): void {
  const because = `${command === 'copy-from' ? 'COPY' : command.toUpperCase()} writes rows`;
  out.relation(table, RX, because, work);
  if (ruleEffects(out, table, command, work)) return;
  const adds = command === 'insert' || command === 'copy-from' || command === 'merge';
  if (!only || adds) {
    for (const child of descendants(table)) {
      // A new row goes to a partition, and never to a child of another kind.
      if (!isPartitioned(table) && (command === 'insert' || command === 'copy-from')) continue;
      out.relation(child, RX, because, { ...work, conditional: isPartitioned(table) });
    }
  }
  foreignKeyEffects(out, table, command, assigns);
  if (!adds) return;
  for (const [name, column] of table.columns) {
    if (assigns.includes(name)) continue;
    const owned = [...table.sequences].filter(({ ownedBy }) => ownedBy?.column === name);
    for (const sequence of [...owned, ...column.sequences])
      out.relation(sequence, RX, `gives ${name} its numbers`, { conditional: true });
  }
}

/** The server looks up what new keys point to, and what points to rows that go. */
function foreignKeyEffects(out: Collector, table: Table, command: WriteCommand, assigns: readonly string[]): void {
  const rows: Work = { conditional: true };
  if (command === 'delete' || command === 'merge') {
    for (const other of table.referencedBy) {
      const keys = [...other.constraints.values()].filter(({ references }) => references === table);
      const writes = keys.some(({ deleteWrites }) => deleteWrites);
      out.relation(other, writes ? RX : 'RowShareLock', 'points to the rows that go', rows);
    }
  }
  if (command === 'delete') return;
  const filled = (column: string) => assigns.length === 0 || assigns.includes(column);
  for (const { references, columns } of table.constraints.values()) {
    if (references !== null && (command === 'update' ? columns.some(filled) : columns.every(filled)))
      out.relation(references, 'RowShareLock', 'the new keys point to it', rows);
  }
}

/** What the rules of a relation do in addition; true where they do it instead. COPY knows no rules. */
function ruleEffects(out: Collector, owner: Table | View, command: WriteCommand, work: Work): boolean {
  const rules = [...owner.rules.values()].filter(({ on }) => on === command);
  for (const { name, reads, writes } of rules) {
    for (const relation of reads) out.relation(relation, 'AccessShareLock', `the rule ${name} reads it`);
    for (const { relation } of writes) out.relation(relation, RX, `the rule ${name} writes it`, work);
  }
  return rules.some(({ instead }) => instead);
}

/** What is written to a view is written to its table, unless a trigger or a rule does something else instead. */
function writeToView(
  out: Collector,
  view: View,
  command: WriteCommand,
  assigns: readonly string[],
  work: Work,
  seen: Set<Relation>,
): void {
  const because = `${command.toUpperCase()} is written to the view`;
  if (seen.has(view)) return;
  seen.add(view);
  out.relation(view, RX, because, work);
  if (ruleEffects(out, view, command, work)) return;
  const triggered = view.triggers.size > 0;
  for (const [source, read] of view.reads) {
    if (source === view.base && !triggered) {
      if (source.kind === 'view') writeToView(out, source, command, assigns, work, seen);
      else if (source.kind === 'table' || source.kind === 'foreign-table')
        writeToTable(out, source, { command, only: read.only }, assigns, work);
    } else if (!triggered || command !== 'insert') {
      out.relation(source, 'AccessShareLock', `${view.name} reads it`);
      belowRead(out, source, { only: read.only, locksRows: false });
    }
  }
}

export function lockTableEffects(out: Collector, { tables, mode }: ActionOf<'lock-table'>): void {
  const lock = LOCK_MODES[mode - 1] ?? AX;
  for (const name of tables) {
    out.name(name, lock, 'LOCK TABLE asks for it');
    const relation = out.find(name);
    if (relation !== null) lockBelow(out, relation, name.only, lock, new Set());
  }
}

/** LOCK TABLE of a view locks what it reads as well. */
function lockBelow(
  out: Collector,
  relation: Relation,
  only: boolean,
  lock: (typeof LOCK_MODES)[number],
  seen: Set<Relation>,
): void {
  if ((relation.kind === 'table' || relation.kind === 'foreign-table') && !only)
    for (const child of descendants(relation)) out.relation(child, lock, 'is locked with its parent');
  if (relation.kind !== 'view' || seen.has(relation)) return;
  seen.add(relation);
  for (const [source, read] of relation.reads) {
    if (source.kind !== 'table' && source.kind !== 'view') continue;
    out.relation(source, lock, `${relation.name} reads it, and is locked with it`);
    lockBelow(out, source, read.only, lock, seen);
  }
}

export function truncateEffects(out: Collector, version: number, action: ActionOf<'truncate'>): void {
  const emptied = new Set<Table>();
  for (const name of action.tables) {
    out.name(name, AX, 'TRUNCATE removes all rows');
    const table = out.table(name);
    if (table === null) continue;
    for (const one of [table, ...(name.only ? [] : descendants(table))]) emptied.add(one);
  }
  for (const table of emptied) {
    out.relation(table, AX, 'TRUNCATE removes all rows');
    if (version < 14)
      for (const ancestor of ancestors(table))
        out.relation(ancestor, 'AccessShareLock', 'its foreign keys are looked at');
    if (action.restartIdentity)
      for (const sequence of table.sequences) out.relation(sequence, AX, 'RESTART IDENTITY sets it back');
    if (!action.cascade) continue;
    for (const { owner } of foreignKeysPointingTo(table)) {
      for (const one of [owner, ...descendants(owner)]) {
        if (!emptied.has(one)) out.relation(one, AX, 'TRUNCATE … CASCADE empties it too');
        emptied.add(one);
      }
    }
  }
}
