import { join } from 'node:path';
import { discover } from '../../src/migrate/discovery.ts';
import { drivers } from './drivers.ts';
import type { History, HistoryFile } from './history.ts';
import { loadModule, type StandIns } from './load-module.ts';
import type { Product } from './packages.ts';
import { dbMigrate, knex, mikroOrm, type Recorder, typeOrm } from './recorders.ts';
import { RecordingClient } from './recording-client.ts';
import { unpacked } from './tarball.ts';

const RECORDERS: Readonly<Record<Exclude<Product['layout'], 'sql'>, Recorder>> = {
  'db-migrate': dbMigrate,
  typeorm: typeOrm,
  'mikro-orm': mikroOrm,
  knex,
};

/** A product's history: read as `lint` reads it, or recorded while its migrations run on an empty database of their own. */
export async function readHistory(product: Product, scratchUrl: string): Promise<History> {
  const { name, layout, packages, bootstrap, variables = {} } = product;
  const files: HistoryFile[] = [];
  if (bootstrap !== undefined) files.push({ path: 'bootstrap', sent: [{ text: bootstrap, values: [] }] });
  const standIns = layout === 'sql' ? () => undefined : await standInsFor(product);
  const client = new RecordingClient({ connectionString: scratchUrl });
  if (layout !== 'sql') await client.connect();
  try {
    if (layout !== 'sql' && bootstrap !== undefined) await client.query(bootstrap);
    for (const { folders, ...pinned } of packages) {
      const root = await unpacked(pinned);
      if (layout === 'sql') files.push(...(await sqlFiles(root, folders)));
      else {
        await RECORDERS[layout](
          client,
          folders.map((folder) => join(root, folder)),
          standIns,
        );
      }
    }
  } finally {
    if (layout !== 'sql') await client.end();
  }
  return { name, variables, files: [...files, ...client.files] };
}

/** What migrations require beside their own files: the product's, else what is installed with the drivers. */
async function standInsFor({ requires = {} }: Product): Promise<StandIns> {
  const load = await drivers();
  const files = new Map<string, string>();
  for (const [name, { file, ...pinned }] of Object.entries(requires))
    files.set(name, join(await unpacked(pinned), file));
  return (name) => {
    const file = files.get(name);
    if (file !== undefined) return loadModule(file, () => undefined);
    return ['async', 'ulid', 'uuid'].includes(name) ? load(name) : undefined;
  };
}

async function sqlFiles(root: string, folders: readonly string[]): Promise<HistoryFile[]> {
  const files = await discover(folders, { cwd: root });
  return files.filter(({ kind }) => kind !== 'down').map(({ path, text }) => ({ path, sent: [{ text, values: [] }] }));
}
