/** What is known of the standby that is furthest behind. */
export interface Lag {
  /** `at-least`: it was behind already when we began to look; `unknown`: it cannot be read, and nothing is written. */
  readonly kind: (typeof LAG_KINDS)[number];
  readonly ms: number | null;
}

export const LAG_KINDS = ['known', 'at-least', 'unknown', 'none'] as const;

export const LAG_UNKNOWN: Lag = { kind: 'unknown', ms: null };
export const NO_STANDBY: Lag = { kind: 'none', ms: null };

/** `standbys 0.3 s behind`, for people; null where there is none. */
export function describeLag({ kind, ms }: Lag): string | null {
  if (kind === 'none') return null;
  if (kind === 'unknown' || ms === null) return 'lag of the standbys unknown';
  return `standbys ${kind === 'at-least' ? 'at least ' : ''}${(ms / 1000).toFixed(1)} s behind`;
}
