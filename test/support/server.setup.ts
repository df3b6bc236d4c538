import type { TestProject } from 'vitest/node';
import { startScratchServer } from '../../src/scratch/scratch-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A superuser's URL of the server that all integration tests of this run share. */
    serverUrl: string;
    serverVersion: number;
  }
}

/**
 * One server for the whole run: TIPTOE_TEST_DATABASE_URL, or one that is started for it, of the major version
 * TIPTOE_TEST_PG_VERSION.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { TIPTOE_TEST_DATABASE_URL: url, TIPTOE_TEST_PG_VERSION: version } = process.env;
  const server = await startScratchServer({
    ...(url ? { url } : {}),
    ...(version ? { version: Number(version) } : {}),
    settings: {
      max_connections: '200',
      max_prepared_transactions: '10',
      max_wal_senders: '10',
      wal_level: 'logical',
    },
  });
  project.provide('serverUrl', server.url);
  project.provide('serverVersion', server.version);
  return () => server.stop();
}
