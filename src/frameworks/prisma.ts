import {
  type Framework,
  folderOf,
  isThere,
  joinPath,
  objectAt,
  placedBy,
  type Repository,
  type Site,
  whole,
} from './framework.ts';
import { timestamp } from './new-name.ts';
import { isObject, propertyOf } from './settings-text.ts';

export const prisma: Framework = {
  name: 'prisma',
  title: 'Prisma',
  // `apply_script` → `raw_cmd` → tokio-postgres `simple_query`.
  source: 'https://github.com/prisma/prisma-engines/blob/main/quaint/src/connector/postgres/native/mod.rs',
  recognisedBy: '`prisma/schema.prisma`, `migrations/migration_lock.toml`, `prisma.config.ts`',
  order: 'name of the folder',
  transactions: 'each file is one query: a transaction, unless it is a single statement',
  does: 'sends each migration as one query, which is one transaction when it has several statements',
  apart:
    'Give it a migration of its own with nothing else in migration.sql: a single statement is sent without a transaction.',
  downPart: '`down.sql` beside `migration.sql`',
  detect: (repository) => {
    for (const { migrations, by } of candidates(repository)) {
      const provider = propertyInLock(repository.read(`${migrations}/migration_lock.toml`));
      if (provider !== null && !/^(?:postgresql|postgres|cockroachdb)$/.test(provider)) continue;
      if (repository.list(migrations).length > 0) return { dirs: [migrations], by };
    }
    return null;
  },
  place: placedBy(/^[^/]+\/(?:migration|down)\.sql$/i),
  stretches: () => whole('query'),
  create: ({ name, now, dir }) => new Map([[`${dir}/${timestamp(now)}_${name}/migration.sql`, '']]),
};

/** Where the migrations may be, the surest first. */
function candidates(repository: Repository): { readonly migrations: string; readonly by: string }[] {
  const found: { migrations: string | null; by: string }[] = [];
  for (const by of ['prisma.config.ts', 'prisma.config.js', 'prisma.config.mjs', '.config/prisma.ts']) {
    const config = repository.read(by);
    if (config === null) continue;
    found.push({
      migrations: joinPath(propertyOf(/migrations\s*:\s*\{[^}]*/.exec(config)?.[0] ?? '', 'path') ?? '..'),
      by,
    });
    found.push({ migrations: besideSchema(repository, propertyOf(config, 'schema') ?? 'prisma/schema.prisma'), by });
  }
  const settings = objectAt(repository, 'package.json')?.['prisma'];
  if (isObject(settings) && typeof settings['schema'] === 'string')
    found.push({ migrations: besideSchema(repository, settings['schema']), by: 'package.json' });
  for (const folder of ['prisma', 'src/prisma', '']) {
    const lock = joinPath(folder, 'migrations/migration_lock.toml');
    const schema = joinPath(folder, 'schema.prisma');
    for (const by of [lock, schema, joinPath(folder, 'schema/schema.prisma')])
      if (by !== null && isThere(repository, by)) found.push({ migrations: joinPath(folder, 'migrations'), by });
  }
  return found.flatMap(({ migrations, by }) => (migrations === null || migrations === '' ? [] : [{ migrations, by }]));
}

/** The folder of migrations beside a schema, which may be a file or a folder of them. */
function besideSchema(repository: Repository, schema: string): string | null {
  const path = joinPath(schema);
  if (path === null) return null;
  const inside = joinPath(path, 'migrations');
  return inside !== null && repository.list(inside).length > 0 ? inside : joinPath(folderOf(path), 'migrations');
}

function propertyInLock(lock: string | null): Site['by'] | null {
  return /^\s*provider\s*=\s*"([^"]*)"/m.exec(lock ?? '')?.[1] ?? null;
}
