import { descendants, type Table } from '../catalog/catalog.ts';
import { LOCK_MODES } from '../postgres/lock-mode.ts';
import type { ActionOf } from '../sql/action.ts';
import type { Collector } from './collector.ts';

const AX = 'AccessExclusiveLock';

export function dmlEffects(out: Collector, action: ActionOf<'dml'>): void {
  const verb = action.command === 'copy-from' ? 'COPY' : action.command.toUpperCase();
  out.reads(action.reads);
  for (const name of [action.table, ...action.writes])
    out.name(name, 'RowExclusiveLock', `${verb} writes rows`, { rows: true });
  const table = out.table(action.table);
  if (table === null || action.command === 'insert' || action.command === 'copy-from') return;
  for (const child of descendants(table))
    out.relation(child, 'RowExclusiveLock', `${verb} writes rows`, { rows: true });
}

export function selectEffects(out: Collector, { reads, locksRows }: ActionOf<'select'>): void {
  out.reads(reads, 'is read', locksRows ? 'RowShareLock' : 'AccessShareLock');
}

export function lockTableEffects(out: Collector, { tables, mode }: ActionOf<'lock-table'>): void {
  const lock = LOCK_MODES[mode - 1] ?? AX;
  for (const name of tables) {
    out.name(name, lock, 'LOCK TABLE asks for it');
    const table = out.table(name);
    for (const child of table === null ? [] : descendants(table))
      out.relation(child, lock, 'is locked with its parent');
  }
}

export function truncateEffects(out: Collector, action: ActionOf<'truncate'>): void {
  for (const name of action.tables) {
    out.name(name, AX, 'TRUNCATE removes all rows');
    const table = out.table(name);
    if (table === null) continue;
    for (const child of descendants(table)) out.relation(child, AX, 'is truncated with its parent');
    if (action.cascade)
      for (const other of referencing(table)) out.relation(other, AX, 'TRUNCATE … CASCADE empties it too');
  }
}

/** Tables with foreign keys to a table, and those with foreign keys to them. */
function referencing(table: Table): Set<Table> {
  const found = new Set<Table>();
  const pending = [table];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const other of next.referencedBy) {
      if (found.has(other)) continue;
      found.add(other);
      pending.push(other);
    }
  }
  return found;
}
