import type { Notice, Session } from '../db/session.ts';

/** A COMMIT would wait for synchronous standbys that are not there, and keep its locks meanwhile. */
export class StandbyMissing extends Error {
  /** `synchronous_standby_names` */
  readonly names: string;
  readonly wanted: number;
  readonly connected: number;

  constructor(names: string, wanted: number, connected: number) {
    super(`${connected} of ${wanted} synchronous standbys are connected`);
    this.name = 'StandbyMissing';
    this.names = names;
    this.wanted = wanted;
    this.connected = connected;
  }
}

/** `FIRST 2 (a, b)`, `ANY 2 (*)`, `2 (a, b)`; a mere list means its first. */
const HOW_MANY = /^\s*(?:(?:first|any)\s+)?(\d+)\s*\(/i;

/**
 * Throws {@link StandbyMissing} when a COMMIT of `main` would have nobody to confirm it. Outside of transactions, before any lock is taken.
 * https://www.postgresql.org/docs/current/runtime-config-replication.html#GUC-SYNCHRONOUS-STANDBY-NAMES
 */
export async function requireStandbys(control: Session, main: Session): Promise<void> {
  // Without pg_monitor the states are hidden, and a standby that is connected is taken for one that confirms.
  const [server] = await control.query<{ names: string; connected: number }>(
    `SELECT pg_catalog.current_setting('synchronous_standby_names') AS names,
            (SELECT count(*)::pg_catalog.int4 FROM pg_catalog.pg_stat_replication r
              WHERE r.sync_state IS NULL OR r.sync_state IN ('sync', 'quorum')) AS connected`,
  );
  if (server === undefined || server.names.trim() === '') return;
  const { names, connected } = server;
  const wanted = Number(HOW_MANY.exec(names)?.[1] ?? 1);
  if (connected >= wanted) return;
  const [session] = await main.query<{ waits: boolean }>(
    `SELECT pg_catalog.current_setting('synchronous_commit') NOT IN ('off', 'local') AS waits`,
  );
  if (session?.waits === true) throw new StandbyMissing(names, wanted, connected);
}

/** Where the server warns that it ends the wait of a COMMIT; a deferred trigger may warn at COMMIT as well. */
const STANDBY_WAIT = 'SyncRepWaitForLSN';

/**
 * Listens whether the server gives up waiting for a synchronous standby. Past its commit record a transaction only waits for that, and a
 * cancel ends no more than the wait: it is committed.
 */
export function listenForUnconfirmed(main: Session): { readonly heard: () => boolean; readonly stop: () => void } {
  let heard = false;
  const stop = main.onNotice(({ routine }: Notice) => {
    heard ||= routine === STANDBY_WAIT;
  });
  return { heard: () => heard, stop };
}
