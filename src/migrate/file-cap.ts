import { capDirective } from '../sql/cap-directive.ts';
import { readComments } from '../sql/script.ts';
import { isApplied, type PlanEntry } from './plan.ts';

export interface FileCap {
  readonly ms: number;
  readonly reason: string;
}

/** The cap of its own that a migration was applied with, or asks for; null for the usual one. */
export function fileCap(entry: PlanEntry): FileCap | null {
  const { row, file } = entry;
  if (isApplied(entry))
    return row === null || row.capMs === null ? null : { ms: row.capMs, reason: row.capReason ?? '' };
  const cap = file === null ? null : capDirective(readComments(file.text).comments);
  return cap?.kind === 'cap' ? { ms: cap.ms, reason: cap.reason } : null;
}
