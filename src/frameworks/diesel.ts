import { folderOf, type Framework, isThere, joinPath, placedBy, whole } from './framework.ts';
import { needsCrate, valueIn, valueOf } from './settings-text.ts';

export const diesel: Framework = {
  name: 'diesel',
  title: 'Diesel',
  // Without a transaction, `batch_execute` still sends the file as one query.
  source: 'https://github.com/diesel-rs/diesel/blob/main/diesel_migrations/src/file_based_migrations.rs',
  recognisedBy: '`diesel.toml`, or `diesel` in Cargo.toml beside `migrations/*/up.sql`',
  order: 'version of the folder, dashes left out',
  transactions: 'each file in one transaction, unless its `metadata.toml` has `run_in_transaction = false`',
  does: 'runs each up.sql in one transaction',
  apart: 'Give it a migration of its own, alone in its up.sql, with run_in_transaction = false in its metadata.toml.',
  downPart: '`down.sql`',
  detect: (repository) => {
    const config = repository.read('diesel.toml');
    const dir = joinPath(valueIn(config, 'migrations_directory', 'dir') ?? 'migrations');
    if (dir === null) return null;
    if (config !== null) return { dirs: [dir], by: 'diesel.toml' };
    const isDiesel =
      needsCrate(repository.read('Cargo.toml'), 'diesel') &&
      repository.list(dir).some((name) => name.endsWith('/') && isThere(repository, `${dir}/${name}up.sql`));
    return isDiesel ? { dirs: [dir], by: 'Cargo.toml' } : null;
  },
  place: placedBy(/^(?:[^/]+\/)*[^/]+\/(?:up|down)\.sql$/),
  stretches: ({ path }, repository) =>
    whole(
      valueOf(repository.read(`${folderOf(path)}/metadata.toml`), 'run_in_transaction') === 'false' ? 'query' : 'file',
    ),
  create: ({ name, now, dir }) => {
    const [date = '', time = ''] = now.toISOString().split('T');
    const folder = `${dir}/${date}-${time.replaceAll(':', '').slice(0, 6)}_${name}`;
    return new Map([
      [`${folder}/up.sql`, ''],
      [`${folder}/down.sql`, ''],
    ]);
  },
};
