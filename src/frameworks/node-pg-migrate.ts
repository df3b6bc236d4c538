import { type Framework, joinPath, objectAt, placedBy, type Repository, whole } from './framework.ts';
import { hasWordMarks } from './sections.ts';
import { dependsOn, isObject } from './settings-text.ts';

export const nodePgMigrate: Framework = {
  name: 'node-pg-migrate',
  title: 'node-pg-migrate',
  source: 'https://github.com/salsita/node-pg-migrate/blob/main/src/runner.ts',
  recognisedBy: '`node-pg-migrate` in package.json',
  order: 'number at the beginning of the name',
  transactions: 'all pending files in one transaction; each in its own with `--no-single-transaction`',
  does: 'runs all pending migrations in one transaction',
  apart: 'Write this migration in JavaScript with pgm.noTransaction(): one in SQL always has a transaction.',
  downPart: 'after `-- Down Migration`',
  detect: (repository) => {
    if (!dependsOn(objectAt(repository, 'package.json'), 'node-pg-migrate')) return null;
    const [, given = 'migrations'] = /(?:-m|--migrations-dir)[ =]+["']?([^\s"']+)/.exec(scripts(repository)) ?? [];
    const dir = joinPath(given);
    const hasSql = dir !== null && repository.list(dir).some((name) => /^\d+_.*\.sql$/.test(name));
    return hasSql ? { dirs: [dir], by: 'package.json' } : null;
  },
  recognise: (files) => files.some(({ text }) => hasWordMarks(text)),
  readsWords: true,
  place: placedBy(/^\d+_[^/]+\.sql$/),
  stretches: (_file, repository) =>
    whole(/--no-single-transaction|--single-transaction[ =]false/.test(scripts(repository)) ? 'file' : 'pending'),
  create: ({ name, now, dir }) =>
    new Map([[`${dir}/${now.getTime()}_${name.replaceAll('_', '-')}.sql`, '-- Up Migration\n\n\n-- Down Migration\n']]),
};

/** The commands in package.json, one a line. */
function scripts(repository: Repository): string {
  const listed = objectAt(repository, 'package.json')?.['scripts'];
  return isObject(listed)
    ? Object.values(listed)
        .map(String)
        .filter((text) => text.includes('node-pg-migrate'))
        .join('\n')
    : '';
}
