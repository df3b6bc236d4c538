import type { Catalog } from '../catalog/catalog.ts';
import type { Effect } from '../effects/effect.ts';
import { blocksWrites } from '../postgres/lock-mode.ts';
import { isLong, keptOut, type Ran } from './work.ts';

/** A relation whose traffic a transaction keeps out until it ends. */
export interface Held {
  readonly effect: Effect;
  /** The line, from 1, of the statement that took the lock first. */
  readonly line: number;
  /** The file of that statement, where it is one before this in the same transaction. */
  readonly file: string | null;
}

/** What a transaction has done before a statement. */
export interface Transaction {
  /** By relation. */
  readonly held: ReadonlyMap<string, Held>;
  /** Those of them that were held already while a long statement ran. */
  readonly heldDuringWork: ReadonlySet<string>;
}

/** A transaction as it goes on: one object for all statements of a transaction. */
export class RunningTransaction implements Transaction {
  readonly held = new Map<string, Held>();
  readonly heldDuringWork = new Set<string>();

  /** Adds a statement; the catalog is the one before it. */
  add(ran: Ran, catalog: Catalog, line: () => number): void {
    if (this.held.size > 0 && isLong(ran, catalog))
      for (const relation of this.held.keys()) this.heldDuringWork.add(relation);
    for (const effect of keptOut(ran))
      if (!this.held.has(effect.relation)) this.held.set(effect.relation, { effect, line: line(), file: null });
  }

  /** Goes on in the next file after this one. */
  leave(file: string): void {
    for (const [relation, held] of this.held) this.held.set(relation, { ...held, file: held.file ?? file });
  }
}

/**
 * What earlier statements of the transaction keep locked while this one does long work. Where the statement holds up traffic by itself, that is
 * the hazard; and who waits for an index waits for its table.
 */
export function heldDuring(ran: Ran & { readonly transaction: Transaction; readonly catalog: Catalog }): Held[] {
  const { transaction, catalog } = ran;
  if (transaction.held.size === 0 || !isLong(ran, catalog)) return [];
  const blocks = ran.effects.relations.some(
    ({ preexisting, online, scan, lock }) => preexisting && !online && scan && blocksWrites(lock),
  );
  if (blocks) return [];
  return [...transaction.held.values()].filter(
    ({ effect: { relation } }) =>
      !transaction.heldDuringWork.has(relation) && catalog.relations.get(relation)?.kind !== 'index',
  );
}
