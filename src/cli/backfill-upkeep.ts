import type { BackfillResult } from '../backfill/event.ts';
import type { Upkeep } from '../backfill/upkeep.ts';
import { percent } from '../backfill/upkeep-advice.ts';
import { roughBytes } from '../bytes.ts';
import { counted } from '../terminal/backfill-progress.ts';

/** How the changed table fares, and what it needs, for people. */
export function upkeepLines(upkeep: Upkeep | null, { advice = true } = {}): string[] {
  if (upkeep === null) return [];
  const { table, deadRows, liveRows, rowsUpdated, hotShare, command, reason } = upkeep;
  const { tableBytes, tableGrowth, indexBytes, indexGrowth } = upkeep;
  const updates =
    rowsUpdated === null
      ? ['the server has lost count of its updates']
      : rowsUpdated === 0 || hotShare === null
        ? []
        : [`${percent(hotShare)} of ${counted(rowsUpdated, 'update')} HOT`];
  const figures = [
    `${counted(deadRows, 'dead row')} (${percent(deadRows / Math.max(1, deadRows + liveRows))})`,
    ...updates,
    ...size('table', tableBytes, tableGrowth),
    ...size('indexes', indexBytes, indexGrowth),
  ];
  const why = command === null ? `no VACUUM or ANALYZE is needed: ${reason}` : `${command}; ${reason}`;
  return [`${table} since it began: ${figures.join(', ')}`, ...(advice ? [`advice: ${why}`] : [])];
}

function size(what: string, bytes: number | null, growth: number | null): string[] {
  if (bytes === null || growth === null) return [];
  return [`${what} ${roughBytes(bytes)} (${growth < 0 ? '-' : '+'}${roughBytes(Math.abs(growth))})`];
}

/** What nobody can prove of rows that came while it ran. */
export function meanwhileLines({ cameMeanwhile }: Pick<BackfillResult, 'cameMeanwhile'>): string[] {
  if (cameMeanwhile === null || cameMeanwhile === 0) return [];
  return [
    `${counted(cameMeanwhile, 'row')} came into the table since it began; those of them that came behind the walk were not changed, and nothing tells which`,
  ];
}
