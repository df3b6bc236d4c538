import type { Catalog } from '../catalog/catalog.ts';
import { beginSession } from '../catalog/session.ts';
import { advance } from '../effects/effects.ts';
import { blocksWrites, type LockMode } from '../postgres/lock-mode.ts';
import type { Action } from '../sql/action.ts';
import type { Script, Statement } from '../sql/statement.ts';

export interface Need {
  /** Schema-qualified. */
  readonly relation: string;
  readonly mode: LockMode;
}

/** A statement with what it does to relations that others are using. */
export interface Step {
  readonly statement: Statement;
  readonly line: number;
  /** Locks that hold up writers or readers, on relations that existed before the file. */
  readonly needs: readonly Need[];
  /** All locks that it takes or may take. */
  readonly locks: readonly Need[];
  /** Whether nothing that it runs is hidden from us. */
  readonly foreseen: boolean;
  /** Whether the migrations up to here make all relations that they name. */
  readonly informed: boolean;
  /** Every relation that it locks, however weakly. */
  readonly touches: readonly string[];
  /** Those of them that it only reads. */
  readonly reads: readonly string[];
  /** Whether all that it does is known. */
  readonly understood: boolean;
  /** Whether it can hold up others: by a lock of `needs`, or because it is not understood. */
  readonly mayBlock: boolean;
}

/** The statements of one file, run by a session of its own. */
export function readFileSteps(
  catalog: Catalog,
  searchPath: readonly string[],
  script: Script,
  version: number,
): Step[] {
  // A migration with ROLLBACK is refused before it runs.
  beginSession(catalog, []);
  catalog.searchPath = searchPath;
  return readSteps(script, catalog, version);
}

/** The statements of one file with their effects; the catalog is folded over them. */
export function readSteps(script: Script, catalog: Catalog, version: number): Step[] {
  return script.statements.map((statement) => {
    const { relations, notUnderstood } = advance(catalog, statement.action, version);
    const needs = relations
      .filter(({ preexisting, lock }) => preexisting && blocksWrites(lock) && !worksOnline(statement.action))
      .map(({ relation, lock }) => ({ relation, mode: lock }));
    return {
      statement,
      line: script.source.position(statement.range.start).line,
      needs,
      locks: relations.map(({ relation, lock }) => ({ relation, mode: lock })),
      foreseen: notUnderstood === null && !callsFunctions(statement.action),
      informed: !catalog.gaps,
      touches: relations.map(({ relation }) => relation),
      reads: relations.flatMap(({ relation, lock }) => (lock === 'AccessShareLock' ? relation : [])),
      understood: notUnderstood === null,
      mayBlock: needs.length > 0 || notUnderstood !== null || callsFunctions(statement.action),
    };
  });
}

/**
 * A partition's strong lock comes with the second half of its DETACH, which is looked for when it is due. And a materialized view can be
 * read while it is refreshed; nobody else writes to it.
 */
function worksOnline(action: Action): boolean {
  if (action.kind === 'refresh-materialized-view') return action.concurrently;
  return (
    action.kind === 'alter-table' &&
    action.commands.some((command) => command.kind === 'detach-partition' && command.mode === 'concurrently')
  );
}

/** A function may do anything, schema changes among it. */
function callsFunctions(action: Action): boolean {
  return action.kind === 'call' || (action.kind === 'select' && action.functions.length > 0);
}
