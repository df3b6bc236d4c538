import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { drivers } from './drivers.ts';
import { loadModule, type StandIns } from './load-module.ts';
import type { RecordingClient } from './recording-client.ts';

/** Runs the migrations below `folders`, in order, against the client's database. */
export type Recorder = (client: RecordingClient, folders: readonly string[], standIns: StandIns) => Promise<void>;

/** `exports.up = (db, callback)`, with db-migrate's own driver. */
export const dbMigrate: Recorder = async (client, folders, standIns) => {
  const load = await drivers();
  const silent = () => {};
  const { dataType } = load('db-migrate-shared') as { dataType: unknown };
  const log = { sql: silent, warn: silent, info: silent, verbose: silent, error: silent };
  const intern = { mod: { log, type: dataType }, notransactions: true };
  const { base: Driver } = load('db-migrate-pg') as { base: new (...given: unknown[]) => unknown };
  const db = new Driver(client, 'public', intern);
  for (const file of await scripts(folders)) {
    const { up } = loadModule(file, standIns) as { up: (...given: unknown[]) => unknown };
    await client.record(basename(file), () =>
      up.length < 2
        ? up(db)
        : new Promise<void>((resolve, reject) => {
            void up(db, (error: unknown) => {
              if (error)
                reject(error instanceof Error ? error : new Error('its callback got no Error', { cause: error }));
              else resolve();
            });
          }),
    );
  }
};

/** TypeORM: a class with `up(queryRunner)`. */
export const typeOrm: Recorder = async (client, folders, standIns) => {
  const queryRunner = {
    query: async (text: string, values?: unknown[]) => {
      const result = await client.query(text, values);
      return result.command === 'SELECT' ? result.rows : [result.rows, result.rowCount];
    },
    hasColumn: async (table: string, column: string) => (await columnsOf(client, table)).includes(column),
  };
  for (const file of await scripts(folders)) {
    const [Migration] = Object.values(loadModule(file, standIns)) as (new () => { up(runner: unknown): unknown })[];
    if (typeof Migration !== 'function') continue;
    await client.record(basename(file), () => new Migration().up(queryRunner));
  }
};

/** MikroORM: `up` collects by `addSql` what is sent after it. */
export const mikroOrm: Recorder = async (client, folders, standIns) => {
  class Migration {
    readonly collected: string[] = [];
    addSql(text: string): void {
      this.collected.push(text);
    }
    async execute(text: string): Promise<unknown[]> {
      return (await client.query(text)).rows;
    }
  }
  const own: StandIns = (name) => (name.endsWith('mikro-orm/migrations') ? { Migration } : standIns(name));
  for (const file of await scripts(folders)) {
    const [Own] = Object.values(loadModule(file, own)) as (new () => Migration & { up(): Promise<void> })[];
    if (Own === undefined) continue;
    await client.record(basename(file), async () => {
      const migration = new Own();
      await migration.up();
      for (const text of migration.collected) await client.query(text);
    });
  }
};

interface Knex {
  readonly client: { acquireRawConnection: () => Promise<unknown>; destroyRawConnection: () => Promise<void> };
  destroy(): Promise<void>;
}

/** Knex: `exports.up = (knex)`, with the real Knex. */
export const knex: Recorder = async (client, folders, standIns) => {
  const load = await drivers();
  const makeKnex = load('knex') as (config: unknown) => Knex;
  const instance = makeKnex({ client: 'pg', connection: {}, pool: { min: 1, max: 1 } });
  instance.client.acquireRawConnection = async () => client;
  instance.client.destroyRawConnection = async () => {};
  try {
    for (const file of await scripts(folders)) {
      const { up } = loadModule(file, standIns) as { up: (instance: unknown) => unknown };
      await client.record(basename(file), () => up(instance));
    }
  } finally {
    await instance.destroy();
  }
};

async function columnsOf(client: RecordingClient, table: string): Promise<string[]> {
  const rows = await client.unrecorded(
    'SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped',
    [`"${table}"`],
  );
  return rows.map((row) => String(row['attname']));
}

/** The JavaScript files of the folders: the folders' order for the same name's sake, else by name, as the runners do. */
async function scripts(folders: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const folder of folders) {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.js') && name !== 'index.js');
    files.push(...names.map((name) => join(folder, name)));
  }
  return files.toSorted((a, b) => (basename(a) < basename(b) ? -1 : 1));
}
