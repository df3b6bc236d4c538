import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Session } from '../../src/db/session.ts';
import { withSession } from '../../src/db/session.ts';
import { runAs, serverAccount } from '../../src/scratch/account.ts';
import { startScratchServer } from '../../src/scratch/scratch-server.ts';
import { connectionTo, databaseUrl } from '../support/database.ts';
import { TEST_SETTINGS } from '../support/majors.ts';

/** A server of the test's own, which it may restart. */
export interface CrashServer {
  readonly version: number;
  readonly hostname: string;
  readonly port: string;
  /** The URL of a database for the role that runs tiptoe, on a port of a proxy or on the server's own. */
  url(database: string, port?: number): string;
  /** Opens a session as a superuser for the time of some work. */
  asAdmin<T>(database: string, work: (session: Session) => Promise<T>): Promise<T>;
  restart(mode: 'fast' | 'immediate'): Promise<void>;
  stop(): Promise<void>;
}

export const DEPLOY = 'deploy';

export async function startCrashServer(version?: number): Promise<CrashServer> {
  const server = await startScratchServer({
    ...(version === undefined ? {} : { version }),
    // What the server has confirmed is there after a crash, as on a real one.
    settings: { ...TEST_SETTINGS, max_connections: '400', synchronous_commit: 'on', autovacuum: 'off' },
  });
  const { dataDir, binDir } = server;
  if (dataDir === undefined || binDir === undefined) throw new Error('a server that can be restarted is needed');
  const { hostname, port } = new URL(server.url);
  const asAdmin = <T>(database: string, work: (session: Session) => Promise<T>): Promise<T> =>
    withSession(connectionTo(databaseUrl(server.url, database)), { applicationName: 'crash test' }, work);
  // A password costs more time than all else that a short session does.
  await writeFile(join(dataDir, 'pg_hba.conf'), 'host all all 127.0.0.1/32 trust\n');
  await asAdmin('postgres', async (admin) => {
    await admin.exec(`SELECT pg_reload_conf(); CREATE ROLE ${DEPLOY} LOGIN CREATEDB`);
  });
  const account = await serverAccount();
  return {
    version: server.version,
    hostname,
    port,
    url: (database, through = Number(port)) =>
      `postgres://${DEPLOY}@${hostname}:${through}/${database}?sslmode=disable`,
    asAdmin,
    async restart(mode) {
      const log = join(dataDir, 'restarts.log');
      await runAs(account, join(binDir, 'pg_ctl'), ['restart', '-w', '-m', mode, '-D', dataDir, '-l', log]);
    },
    stop: () => server.stop(),
  };
}
