import { type Framework, joinPath, placedBy, whole } from './framework.ts';
import { valueOf } from './settings-text.ts';

export const hasura: Framework = {
  name: 'hasura',
  title: 'Hasura',
  // That it is always a transaction: https://github.com/hasura/graphql-engine/issues/2939
  source: 'https://hasura.io/docs/2.0/migrations-metadata-seeds/manage-migrations/',
  recognisedBy: '`config.yaml` with `metadata_directory`, here or in `hasura/`',
  order: 'timestamp of the folder',
  transactions: 'each file in one transaction',
  does: 'runs each up.sql in one transaction',
  apart: 'Hasura has no way to run it in a migration: run it by hand or with tiptoe apply.',
  downPart: '`down.sql`',
  detect: (repository) => {
    for (const root of ['', 'hasura']) {
      const by = joinPath(root, 'config.yaml') ?? '';
      const config = repository.read(by);
      if (config === null || !/^\s*(?:metadata_directory|endpoint)\s*:/m.test(config)) continue;
      const dir = joinPath(root, valueOf(config, 'migrations_directory') ?? 'migrations');
      if (dir !== null && repository.list(dir).length > 0) return { dirs: [dir], by };
    }
    return null;
  },
  place: placedBy(/^(?:[^/]+\/)?\d+_[^/]+\/(?:up|down)\.sql$/),
  stretches: () => whole('file'),
  create: ({ name, now, dir, existing }) => {
    const database = existing
      .map((path) => /^(.*)\/\d+_[^/]+\/up\.sql$/.exec(path)?.[1])
      .find((path) => path !== undefined);
    const folder = `${database ?? `${dir}/default`}/${now.getTime()}_${name}`;
    return new Map([
      [`${folder}/up.sql`, ''],
      [`${folder}/down.sql`, ''],
    ]);
  },
};
