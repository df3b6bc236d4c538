import type { ConnectionSettings } from '../../db/connection.ts';
import { figures, type FiguresOptions } from '../figures.ts';
import { activeSessions } from './active-sessions.ts';
import { archiveBacklog } from './archive-backlog.ts';
import { brokenSettings } from './broken-settings.ts';
import type { Environment } from './cascaded.ts';
import { customChecks } from './checks.ts';
import { deadRows } from './dead-rows.ts';
import { keyIndex, type WalkedKey } from './key-index.ts';
import { lockWaiters } from './lock-waiters.ts';
import { oldestTransaction } from './oldest-transaction.ts';
import { replicaLag } from './replica-lag.ts';
import { seldom } from './seldom.ts';
import type { Signal } from './signal.ts';
import { slotWal } from './slot-wal.ts';
import { timeWindow } from './time-window.ts';

export interface SignalSources {
  readonly table: { readonly oid: string; readonly shown: string };
  readonly connection: ConnectionSettings;
  readonly applicationName: string;
  /** Where the URLs of standbys are. */
  readonly environment: Environment;
  /** null where no index is needed. */
  readonly walked: WalkedKey | null;
  /** null for a worker that does not lead. */
  readonly figures: Omit<FiguresOptions, 'table' | 'lag'> | null;
}

/** How often what costs the server more, and changes slowly, is looked at. */
const SELDOM_MS = 5_000;

/** All signals, in the order in which they are asked. They live as long as the run, whatever becomes of its connections. */
export function allSignals(sources: SignalSources): Signal[] {
  const { table, connection, applicationName, environment } = sources;
  const lag = replicaLag(() => performance.now(), environment);
  return [
    ...(sources.figures === null ? [] : [figures({ ...sources.figures, table, lag: () => lag.lag() })]),
    brokenSettings,
    timeWindow,
    lag,
    lockWaiters(table),
    ...(sources.walked === null ? [] : [seldom(keyIndex(sources.walked), SELDOM_MS)]),
    slotWal,
    seldom(archiveBacklog, SELDOM_MS),
    activeSessions,
    oldestTransaction,
    seldom(deadRows(table), SELDOM_MS),
    customChecks(connection, applicationName),
  ];
}
