import { isSqlFailure } from '../db/errors.ts';
import type { Session } from '../db/session.ts';

const CHECK_MS = 1_000;

/**
 * Makes the server look every second whether we are still there while a statement runs, so that one which holds locks ends with us; or, for
 * online work, not, since the server finishes that by itself. 14 and newer, where the server's platform can tell.
 * https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-CLIENT-CONNECTION-CHECK-INTERVAL
 */
export async function checkClient(main: Session, version: number, wanted: boolean): Promise<void> {
  if (version < 14) return;
  await main.exec(`SET client_connection_check_interval = ${wanted ? CHECK_MS : 0}`).catch((error: unknown) => {
    if (!isSqlFailure(error)) throw error;
  });
}
