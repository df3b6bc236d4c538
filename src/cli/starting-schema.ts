import { readFile } from 'node:fs/promises';
import { type Catalog, emptyCatalog } from '../catalog/catalog.ts';
import { catalogFromDump } from '../catalog/from-dump.ts';
import type { Facts } from '../lint/facts.ts';
import { Problem } from '../problem.ts';
import { whyUnreadable } from './unreadable.ts';
import type { FactsOrigin } from '../report/lint-report.ts';
import { loadParser } from '../sql/libpg.ts';
import { parseScript } from '../sql/script.ts';
import type { LiveConfig } from './config.ts';
import type { ReadingFlags } from './live-facts.ts';

export interface StartingSchema {
  readonly catalog: Catalog;
  /** The server's major version, where one was asked. */
  readonly version?: number;
  /** What else is known of the server. */
  readonly facts?: Facts;
  /** Where that comes from. */
  readonly origin?: FactsOrigin;
  /** What of a dump could not be read, to be told as a warning. */
  readonly warning?: string;
}

interface Given extends ReadingFlags {
  readonly schema?: string;
  readonly databaseUrl: string | undefined;
  /** False for none, also where the config names some. */
  readonly facts?: string | false;
}

/** The state before the first file: nothing, a dump, or what a live server holds or held. */
export async function startingSchema(
  given: Given,
  config: { readonly facts: string | undefined; readonly live: LiveConfig },
): Promise<StartingSchema> {
  const { schema, databaseUrl } = given;
  const facts = given.facts === false ? undefined : given.facts;
  const said = [
    ...(schema === undefined ? [] : ['--schema']),
    ...(databaseUrl === undefined ? [] : ['--database-url']),
    ...(facts === undefined ? [] : ['--facts']),
  ];
  if (said.length > 1)
    throw new Problem(
      `${said.join(' and ')} ${said.length > 2 ? 'all' : 'both'} say what is there before the first file.`,
      {
        advice: 'Give one of them.',
      },
    );
  if (schema !== undefined) return fromDump(schema);
  if (databaseUrl !== undefined) return fromServer(databaseUrl, given, config.live);
  const path = given.facts === false ? undefined : (facts ?? config.facts);
  return path === undefined ? { catalog: emptyCatalog() } : fromFacts(path, config.live);
}

async function fromServer(databaseUrl: string, flags: ReadingFlags, live: LiveConfig): Promise<StartingSchema> {
  const [{ knownFrom, takeSnapshot }] = await Promise.all([import('./live-facts.ts'), loadParser()]);
  const { snapshot, source } = await takeSnapshot(databaseUrl, flags, live);
  return knownFrom(snapshot, source, live);
}

async function fromFacts(path: string, live: LiveConfig): Promise<StartingSchema> {
  const [{ knownFrom }, { readFactsFile }] = await Promise.all([
    import('./live-facts.ts'),
    import('./facts-file.ts'),
    loadParser(),
  ]);
  return knownFrom(await readFactsFile(path), path, live);
}

async function fromDump(path: string): Promise<StartingSchema> {
  const [dump] = await Promise.all([readDump(path), loadParser()]);
  const script = parseScript(path, dump);
  const { catalog, faults } = catalogFromDump(script);
  const [fault] = faults;
  if (fault === undefined) return { catalog };
  const { line } = script.source.position(fault.offset);
  const others = faults.length === 1 ? '' : `, and ${faults.length - 1} more like it`;
  return { catalog, warning: `${path}:${line}: ${fault.message}${others}; what it makes is not known.` };
}

async function readDump(path: string): Promise<string> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new Problem(`cannot read the schema dump ${path}: ${whyUnreadable(error)}.`, {
      advice: 'Make one with: pg_dump --schema-only > schema.sql',
      cause: error,
    });
  });
  if (bytes.subarray(0, 5).toString('latin1') === 'PGDMP') {
    throw new Problem(`${path} is a dump in pg_dump's own format, not SQL.`, {
      advice: `Make a plain one with: pg_restore --schema-only --file schema.sql ${path}`,
    });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Problem(`${path} is not UTF-8 text.`, { advice: 'Make one with: pg_dump --schema-only --encoding UTF8' });
  }
}
