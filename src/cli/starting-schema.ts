import { readFile } from 'node:fs/promises';
import { type Catalog, emptyCatalog } from '../catalog/catalog.ts';
import { catalogFromDump } from '../catalog/from-dump.ts';
import type { LiveSchema } from '../inspect/read-catalog.ts';
import { Problem } from '../problem.ts';
import { loadParser } from '../sql/libpg.ts';
import { parseScript } from '../sql/script.ts';

export interface StartingSchema {
  readonly catalog: Catalog;
  /** The server's major version, where one was asked. */
  readonly version?: number;
  /** What of a dump could not be read, to be told as a warning. */
  readonly warning?: string;
}

/** The state before the first file: nothing, a dump, or what a live server holds. */
export async function startingSchema(given: {
  readonly schema?: string;
  readonly databaseUrl: string | undefined;
}): Promise<StartingSchema> {
  if (given.schema !== undefined && given.databaseUrl !== undefined) {
    throw new Problem('--schema and --database-url both say what is there before the first file.', {
      advice: 'Give one of them.',
    });
  }
  if (given.schema !== undefined) return fromDump(given.schema);
  return given.databaseUrl === undefined ? { catalog: emptyCatalog() } : fromServer(given.databaseUrl);
}

async function fromServer(databaseUrl: string): Promise<LiveSchema> {
  const [{ resolveConnection }, { withSession }, { readLiveSchema }] = await Promise.all([
    import('../db/connection.ts'),
    import('../db/session.ts'),
    import('../inspect/read-catalog.ts'),
    loadParser(),
  ]);
  const connection = resolveConnection({ databaseUrl, env: process.env });
  return withSession(connection, { applicationName: 'tiptoe: lint' }, readLiveSchema);
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
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new Problem(
      `cannot read the schema dump ${path}: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}.`,
      { advice: 'Make one with: pg_dump --schema-only > schema.sql', cause: error },
    );
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
