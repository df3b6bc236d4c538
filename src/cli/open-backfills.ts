import type { BackfillStatus } from '../backfill/status.ts';

/** Whether somebody still has to think of it. */
export function isOpenBackfill({ state }: Pick<BackfillStatus, 'state'>): boolean {
  return state !== 'succeeded' && state !== 'cancelled';
}
