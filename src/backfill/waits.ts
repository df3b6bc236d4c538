import type { Session } from '../db/session.ts';
import { quoteIdent } from '../postgres/quote.ts';

/** The time that a backfill has lost to one signal. */
export interface TimeLost {
  readonly signal: string;
  readonly seconds: number;
  /** How often it was held up. */
  readonly times: number;
  readonly lastReason: string;
  /** ISO 8601, in UTC. */
  readonly lastAt: string;
}

/** Time that is lost and not yet written down. */
export interface Waits {
  lose(signal: string, ms: number, reason: string): void;
  /** It is about to be held up once more. */
  begin(signal: string): void;
  /** Whether it is time to write it down. */
  due(): boolean;
  write(session: Session, schema: string, name: string): Promise<void>;
  /** What was written has been committed. */
  written(): void;
}

interface Lost {
  readonly ms: number;
  readonly times: number;
  readonly reason: string;
}

const WRITE_EVERY_MS = 10_000;

export function startWaits(): Waits {
  let lost: Readonly<Record<string, Lost>> = {};
  let writtenAt = performance.now();
  const add = (signal: string, { ms, times, reason }: Lost): void => {
    const before = Object.hasOwn(lost, signal) ? lost[signal] : undefined;
    lost = {
      ...lost,
      [signal]: {
        ms: (before?.ms ?? 0) + ms,
        times: (before?.times ?? 0) + times,
        reason: reason === '' ? (before?.reason ?? '') : reason,
      },
    };
  };
  return {
    lose: (signal, ms, reason) => add(signal, { ms, times: 0, reason }),
    begin: (signal) => add(signal, { ms: 0, times: 1, reason: '' }),
    due: () => performance.now() - writtenAt > WRITE_EVERY_MS && Object.keys(lost).length > 0,
    async write(session, schema, name) {
      for (const [signal, { ms, times, reason }] of Object.entries(lost)) {
        await session.run(
          `INSERT INTO ${quoteIdent(schema)}.backfill_wait AS w (backfill, signal, seconds, times, last_reason) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (backfill, signal) DO UPDATE SET seconds = w.seconds + excluded.seconds, times = w.times + excluded.times,
             last_reason = coalesce(nullif(excluded.last_reason, ''), w.last_reason), last_at = excluded.last_at`,
          [name, signal, ms / 1000, times, reason],
        );
      }
    },
    written() {
      lost = {};
      writtenAt = performance.now();
    },
  };
}

/** The time lost to each signal so far, the most first. */
export async function readTimeLost(session: Session, schema: string, name: string): Promise<TimeLost[]> {
  const rows = await session.query<{ signal: string; seconds: string; times: string; reason: string; at: string }>(
    `SELECT signal, seconds, times, last_reason AS reason,
            pg_catalog.to_char(last_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at
       FROM ${quoteIdent(schema)}.backfill_wait WHERE backfill = $1 ORDER BY seconds DESC, signal`,
    [name],
  );
  return rows.map(({ signal, seconds, times, reason, at }) => ({
    signal,
    seconds: Math.round(Number(seconds) * 10) / 10,
    times: Number(times),
    lastReason: reason,
    lastAt: at,
  }));
}
