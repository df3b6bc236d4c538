import { roughBytes } from '../bytes.ts';
import { type Catalog, resolve } from '../catalog/catalog.ts';
import type { Effects } from '../effects/effect.ts';
import type { Action } from '../sql/action.ts';
import { type Estimate, MEGABYTE, rounded } from './estimate.ts';
import type { TableFacts } from './facts.ts';
import type { LiveSettings } from './live-settings.ts';
import { unbatchedTables } from './work.ts';

/**
 * Bytes of WAL. Measured on PostgreSQL 18, 100,000 rows of 77 and of 256 bytes with 1 and 3 indexes, without images of pages: DELETE writes 59 a
 * row; UPDATE the new row, 100 beside it, and 77 more for an entry in each index, but for a row that finds room on its page and changes no
 * key. The first change of a page after a checkpoint writes the whole page as well.
 */
const WAL = { deleted: 59, updated: 100, indexEntry: 77 };

/** What UPDATE or DELETE of a whole table writes, or of rows that no key names; null where that is another statement, or not known. */
export function writeEstimate(
  { action, effects }: { readonly action: Action; readonly effects: Effects },
  catalog: Catalog,
  factsOf: (relation: string) => TableFacts | null,
  { throughput }: Pick<LiveSettings, 'throughput'>,
): Estimate | null {
  if (action.kind !== 'dml' || (action.command !== 'update' && action.command !== 'delete')) return null;
  const table = resolve(catalog, action.table);
  if (!unbatchedTables({ action, effects }, catalog).includes(table)) return null;
  const facts = factsOf(table);
  if (facts === null || facts.rows === null || facts.heapBytes === null || facts.indexBytes === null) return null;
  const { rows, heapBytes, indexBytes } = facts;
  if (rows === 0) return null;
  const relation = catalog.relations.get(table);
  const indexes = relation?.kind === 'table' ? relation.indexes.size : 0;
  const [least, most] =
    action.command === 'delete'
      ? [rows * WAL.deleted, rows * WAL.deleted + heapBytes]
      : [
          rows * WAL.updated + heapBytes,
          rows * (WAL.updated + indexes * WAL.indexEntry) + 2 * heapBytes + (indexes === 0 ? 0 : indexBytes),
        ];
  const walBytes = [action.hasWhere ? 0 : least, most] as const;
  const [slowest, fastest] = throughput.rewrite;
  const seconds = [walBytes[0] / MEGABYTE / fastest, walBytes[1] / MEGABYTE / slowest] as const;
  const count = `${rows.toLocaleString('en-US')} row${rows === 1 ? '' : 's'}`;
  const speed = slowest === fastest ? String(slowest) : `${slowest} to ${fastest}`;
  const written = action.hasWhere
    ? `up to ${count} and up to ${roughBytes(most)} of WAL`
    : `${count} and ${roughBytes(least)} to ${roughBytes(most)} of WAL`;
  return {
    seconds: [rounded(seconds[0]), rounded(seconds[1])],
    rows: [action.hasWhere ? 0 : rows, rows],
    walBytes: [Math.round(walBytes[0]), Math.round(walBytes[1])],
    basis: `${written} at ${speed} MB/s`,
  };
}
