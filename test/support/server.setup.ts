import type { TestProject } from 'vitest/node';
import type { StartableSource } from '../../src/scratch/scratch-server.ts';
import { startScratchServer } from '../../src/scratch/scratch-server.ts';
import { startMajor, TEST_SETTINGS } from './majors.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A superuser's URL of the server that all integration tests of this run share. */
    serverUrl: string;
    serverVersion: number;
  }
}

/**
 * One server for the whole run: TIPTOE_TEST_DATABASE_URL, or one that is started for it, of the major version
 * TIPTOE_TEST_PG_VERSION, by the source TIPTOE_TEST_SERVER (embedded, local, docker); by default from npm.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { TIPTOE_TEST_DATABASE_URL: url, TIPTOE_TEST_PG_VERSION: version, TIPTOE_TEST_SERVER: source } = process.env;
  if (version && !url && !source) {
    const server = await startMajor(Number(version), TEST_SETTINGS);
    project.provide('serverUrl', server.url);
    project.provide('serverVersion', Number(version));
    return () => server.stop();
  }
  const server = await startScratchServer({
    ...(url ? { url } : {}),
    ...(version ? { version: Number(version) } : {}),
    ...(source ? { source: startable(source) } : {}),
    settings: TEST_SETTINGS,
  });
  project.provide('serverUrl', server.url);
  project.provide('serverVersion', server.version);
  return () => server.stop();
}

function startable(name: string): StartableSource {
  const source = (['embedded', 'local', 'docker'] as const).find((known) => known === name);
  if (source === undefined) throw new Error(`TIPTOE_TEST_SERVER is '${name}'; it can be embedded, local or docker.`);
  return source;
}
