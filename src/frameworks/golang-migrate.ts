import { fileOf, type Framework, firstThere, placedBy, whole } from './framework.ts';
import { nextVersion } from './new-name.ts';

const USUAL = [
  'migrations',
  'db/migrations',
  'database/migrations',
  'db/migration',
  'internal/db/migrations',
  'sql/migrations',
];
const PAIR = /^\d+_[^/]*\.(?:up|down)\.sql$/;

export const golangMigrate: Framework = {
  name: 'golang-migrate',
  title: 'golang-migrate',
  source: 'https://github.com/golang-migrate/migrate/blob/master/database/postgres/postgres.go',
  recognisedBy: '`N_name.up.sql` with `N_name.down.sql`, or its module in go.mod',
  order: 'number at the beginning of the name',
  transactions: 'each file is one query: a transaction, unless it is a single statement or has a BEGIN of its own',
  does: 'sends each file as one query, which is one transaction when it has several statements',
  apart: 'Give it a file of its own with nothing else in it: a single statement is sent without a transaction.',
  downPart: '`*.down.sql`',
  detect: (repository) => {
    const isIt = /\bgithub\.com\/golang-migrate\/migrate\b/.test(repository.read('go.mod') ?? '');
    const dir = isIt ? firstThere(repository, USUAL) : null;
    return dir === null || !repository.list(dir).some((name) => PAIR.test(name)) ? null : { dirs: [dir], by: 'go.mod' };
  },
  recognise: (files) => {
    const names = files.map(({ path }) => fileOf(path));
    const ups = names.filter((name) => PAIR.test(name) && name.endsWith('.up.sql'));
    return ups.some((name) => names.includes(name.replace(/\.up\.sql$/, '.down.sql')));
  },
  place: placedBy(PAIR),
  stretches: () => whole('query'),
  create: ({ name, now, dir, existing }) => {
    const stem = `${dir}/${nextVersion(existing, now)}_${name}`;
    return new Map([
      [`${stem}.up.sql`, ''],
      [`${stem}.down.sql`, ''],
    ]);
  },
};
