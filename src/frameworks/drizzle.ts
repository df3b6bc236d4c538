import {
  fileOf,
  folderOf,
  type Framework,
  isThere,
  joinPath,
  objectAt,
  placedBy,
  type Repository,
  whole,
} from './framework.ts';
import { isObject, propertyOf, textsInProperty } from './settings-text.ts';

const CONFIGS = ['ts', 'js', 'mjs', 'cjs', 'mts', 'json'].map((ending) => `drizzle.config.${ending}`);

const USUAL = ['drizzle', 'src/drizzle', 'migrations', 'db/migrations', 'src/db/migrations'];

export const drizzle: Framework = {
  name: 'drizzle',
  title: 'Drizzle',
  source: 'https://github.com/drizzle-team/drizzle-orm/blob/main/drizzle-orm/src/pg-core/dialect.ts',
  recognisedBy: '`drizzle.config.*`, `meta/_journal.json`',
  order: '`meta/_journal.json`',
  transactions: 'all pending files in one transaction',
  does: 'runs all pending migrations in one transaction',
  apart: 'Drizzle has no way to run it: leave it out of the migrations, and run it by hand or with tiptoe apply.',
  downPart: 'none',
  detect: (repository) => {
    for (const by of CONFIGS) {
      const config = repository.read(by);
      if (config === null) continue;
      const dialect = propertyOf(config, 'dialect') ?? propertyOf(config, 'driver') ?? 'postgresql';
      if (!/^(?:postgresql|pg|pglite|aws-data-api)$/.test(dialect)) continue;
      const out = outOf(repository, config);
      if (out !== null) return { dirs: [out], by };
      repository.tell?.(by, 'computes the folder of its migrations, and tells of none that is there: name the folder');
    }
    for (const dir of USUAL) if (hasJournal(repository, dir)) return { dirs: [dir], by: `${dir}/meta/_journal.json` };
    return null;
  },
  recognise: (files) => files.some(({ text }) => /--> statement-breakpoint/.test(text)),
  place: placedBy(/^(?:\d+_[^/]+|\d+_[^/]+\/migration)\.sql$/),
  sort: (paths, { dirs }, repository) => {
    const tags = dirs.flatMap((dir) => journal(repository, dir) ?? []);
    if (tags.length === 0) return paths;
    const at = new Map(tags.map((path, index) => [path, index]));
    // The newer layout has a folder for each migration, and no journal.
    const known = paths.filter((path) => at.has(path) || fileOf(path) === 'migration.sql');
    return known.toSorted((a, b) => (at.get(a) ?? Infinity) - (at.get(b) ?? Infinity) || 0);
  },
  stretches: () => whole('pending'),
  create: ({ name, dir }) =>
    `Drizzle keeps a journal of its migrations beside ${dir}: make it with drizzle-kit generate --custom --name=${name}.`,
};

/** The folder of the migrations; of one that is computed, what is there of what it may be. */
function outOf(repository: Repository, config: string): string | null {
  const plain = propertyOf(config, 'out');
  const computed = plain === null ? textsInProperty(config, 'out') : null;
  if (computed === null) return joinPath(plain ?? 'drizzle') || null;
  const paths = computed.flatMap((text) => joinPath(text) ?? []).filter((path) => path !== '');
  return (
    [...paths, ...USUAL].find((path) => hasJournal(repository, path)) ??
    paths.find((path) => repository.list(path).length > 0) ??
    null
  );
}

function hasJournal(repository: Repository, dir: string): boolean {
  const path = `${dir}/meta/_journal.json`;
  const dialect = isThere(repository, path) ? objectAt(repository, path)?.['dialect'] : undefined;
  return dialect === 'postgresql' || dialect === 'pg';
}

/** The paths of the migrations, in order. */
function journal(repository: Repository, dir: string): string[] | null {
  const path = `${dir}/meta/_journal.json`;
  if (!isThere(repository, path)) return null;
  const entries = objectAt(repository, path)?.['entries'];
  if (!Array.isArray(entries)) return null;
  const numbered = entries.filter(isObject).map(({ idx, tag }) => ({ idx: Number(idx), tag: String(tag) }));
  return numbered.toSorted((a, b) => a.idx - b.idx).map(({ tag }) => `${folderOf(folderOf(path))}/${tag}.sql`);
}
