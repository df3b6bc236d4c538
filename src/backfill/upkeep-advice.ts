/** What a table needs after so many changes. */
export interface UpkeepAdvice {
  /** `VACUUM (ANALYZE) public.users`; null where none is needed. */
  readonly command: string | null;
  /** Why, or why not. */
  readonly reason: string;
}

export interface Condition {
  readonly table: string;
  readonly dead: number;
  readonly live: number;
  /** From so many dead rows on autovacuum comes by itself. */
  readonly vacuumedFrom: number;
  readonly vacuuming: boolean;
  /** Rows changed since the last ANALYZE. */
  readonly modified: number;
}

/** Fewer are cleaned up in passing. */
const FEW = 1_000;
/** Below it a table is not slower to read; autovacuum would leave four times as many. */
const DEAD_SHARE = 0.05;
/** As autovacuum has it by default. */
const MODIFIED_SHARE = 0.1;

/** VACUUM, ANALYZE or nothing, by the figures of the statistics. */
export function adviceFor({ table, dead, live, vacuumedFrom, vacuuming, modified }: Condition): UpkeepAdvice {
  const share = dead / Math.max(1, dead + live);
  const rows = (value: number): string => `${value.toLocaleString('en-US')} ${value === 1 ? 'row' : 'rows'}`;
  const deadRows = `${rows(dead)} (${percent(share)}) ${dead === 1 ? 'is' : 'are'} dead`;
  if (vacuuming) return { command: null, reason: `a vacuum is at work on it; ${deadRows}` };
  const stale = modified >= Math.max(FEW, MODIFIED_SHARE * live);
  const changed = `${rows(modified)} were changed since its last ANALYZE`;
  if (dead >= FEW && share >= DEAD_SHARE) {
    const autovacuum =
      dead < vacuumedFrom
        ? `autovacuum comes only from ${rows(Math.ceil(vacuumedFrom))} on`
        : 'autovacuum has not come yet';
    return {
      command: `VACUUM (ANALYZE) ${table}`,
      reason: `${deadRows}, and ${autovacuum}${stale ? `; ${changed}` : ''}`,
    };
  }
  if (stale) return { command: `ANALYZE ${table}`, reason: `${changed}, and plans go by it` };
  return { command: null, reason: dead === 0 ? 'no row is dead' : `only ${deadRows}` };
}

/** `12 %`, `0.4 %` */
export function percent(share: number): string {
  const value = share * 100;
  return `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)} %`;
}
