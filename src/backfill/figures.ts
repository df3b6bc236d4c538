import { isConnectionLost } from '../db/errors.ts';
import type { Session } from '../db/session.ts';
import { quoteIdent } from '../postgres/quote.ts';
import type { BackfillEvent } from './event.ts';
import { type Lag, LAG_UNKNOWN } from './lag.ts';
import { readDeadRows } from './signals/dead-rows.ts';
import type { Signal } from './signals/signal.ts';
import { readTimeLost } from './waits.ts';

export interface FiguresOptions {
  readonly schema: string;
  readonly name: string;
  readonly table: { readonly oid: string };
  readonly lag: () => Lag;
  readonly emit: (event: BackfillEvent) => void;
}

const EVERY_MS = 5_000;

/**
 * Tells those who watch how the server fares, and writes down what only a process at work can know. It is read with the signals, before
 * all of them, and holds nothing up.
 */
export function figures({ schema, name, table, lag, emit }: FiguresOptions): Signal {
  let toldAt = -Infinity;
  let first = true;
  return {
    name: 'figures',
    async read(session) {
      // The signals are read after this: nobody has looked at the standbys yet.
      if (first || performance.now() - toldAt < EVERY_MS) {
        first = false;
        return { kind: 'go' };
      }
      toldAt = performance.now();
      try {
        const { dead } = await readDeadRows(session, table.oid);
        const timeLost = await readTimeLost(session, schema, name);
        const { kind, ms } = lag();
        await writeLag(session, schema, name, lag());
        emit({
          event: 'figures',
          replicaLagMs: ms,
          replicaLag: kind,
          deadRows: dead,
          timeLost: timeLost.map(({ signal, seconds }) => ({ signal, seconds })),
        });
      } catch (error) {
        if (isConnectionLost(error)) throw error;
      }
      return { kind: 'go' };
    },
  };
}

/** In a table of its own: a row of tiptoe.backfill may be locked for long by whoever steers by hand. */
async function writeLag(session: Session, schema: string, name: string, { kind, ms }: Lag): Promise<void> {
  await session.run(
    `INSERT INTO ${quoteIdent(schema)}.backfill_figures AS f (backfill, replica_lag, replica_lag_ms) VALUES ($1, $2, $3)
     ON CONFLICT (backfill) DO UPDATE SET replica_lag = excluded.replica_lag, replica_lag_ms = excluded.replica_lag_ms, at = excluded.at`,
    [name, kind, ms],
  );
}

const FRESH = `interval '30 seconds'`;

/** How far standbys are behind, as the process that runs it saw it last; null where none has looked lately. */
export async function readLag(session: Session, schema: string, name: string): Promise<Lag | null> {
  const [row] = await session.query<{ kind: Lag['kind']; ms: string | null }>(
    `SELECT replica_lag AS kind, replica_lag_ms AS ms FROM ${quoteIdent(schema)}.backfill_figures
      WHERE backfill = $1 AND at > pg_catalog.clock_timestamp() - ${FRESH}`,
    [name],
  );
  if (row === undefined) return null;
  const { kind, ms } = row;
  if (kind === 'none') return { kind, ms: null };
  return kind === 'unknown' || ms === null ? LAG_UNKNOWN : { kind, ms: Number(ms) };
}
