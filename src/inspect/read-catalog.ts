import { type Catalog, emptyCatalog, resetSession } from '../catalog/catalog.ts';
import { fold } from '../catalog/fold.ts';
import { applySettings, type Session } from '../db/session.ts';
import { readServer } from '../db/server.ts';
import { parseScript } from '../sql/script.ts';
import { readDefinitions } from './definitions.ts';

/** What lint knows of a server that it may look at. */
export interface LiveSchema {
  readonly catalog: Catalog;
  /** The major version. */
  readonly version: number;
}

/** The schema of a live server, as the state before the first file. The session is lint's own, and the parser must be loaded. */
export async function readLiveSchema(session: Session): Promise<LiveSchema> {
  const { version } = await readServer(session);
  const [own] = await session.query<{ schemas: string; timezone: string }>(
    `SELECT pg_catalog.array_to_json(pg_catalog.current_schemas(false))::pg_catalog.text AS schemas, pg_catalog.current_setting('TimeZone') AS timezone`,
  );
  // Definitions then name every relation with its schema. What waits for a schema change gives way to it.
  await applySettings(session, { search_path: 'pg_catalog', lock_timeout: '2s', statement_timeout: '60s' });
  const definitions = await readDefinitions(session, version);
  const catalog = emptyCatalog();
  for (const { action } of parseScript('the server', definitions.join(';\n')).statements) fold(catalog, action);
  catalog.session = {
    searchPath: JSON.parse(own?.schemas ?? '["public"]') as string[],
    settings: new Map([['timezone', own?.timezone ?? 'UTC']]),
  };
  resetSession(catalog);
  catalog.whole = true;
  return { catalog, version };
}
