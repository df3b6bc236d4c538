import { type Framework, joinPath, placedBy, whole } from './framework.ts';
import { nextVersion } from './new-name.ts';
import { needsCrate, valueIn } from './settings-text.ts';

export const sqlx: Framework = {
  name: 'sqlx',
  title: 'sqlx',
  // Text without arguments is sent as one query, with or without a transaction.
  source: 'https://github.com/launchbadge/sqlx/blob/main/sqlx-postgres/src/migrate.rs',
  recognisedBy: '`sqlx` in Cargo.toml, `.sqlx/`, `sqlx.toml`',
  order: 'number at the beginning of the name',
  transactions: 'each file in one transaction, unless it begins with `-- no-transaction`',
  does: 'runs each file in one transaction',
  apart: 'Give it a file of its own that begins with the line -- no-transaction, with nothing else in it.',
  downPart: '`*.down.sql`',
  detect: (repository) => {
    const root = repository.list('');
    const by = ['sqlx.toml', '.sqlx/'].find((name) => root.includes(name));
    const cargo = needsCrate(repository.read('Cargo.toml'), 'sqlx') ? 'Cargo.toml' : undefined;
    const dir = joinPath(valueIn(repository.read('sqlx.toml'), 'migrate', 'migrations-dir') ?? 'migrations');
    const found = by ?? cargo;
    return found === undefined || dir === null || repository.list(dir).length === 0 ? null : { dirs: [dir], by: found };
  },
  recognise: (files) => files.some(({ text }) => isWithout(text)),
  place: placedBy(/^\d+_[^/]+\.sql$/),
  stretches: ({ text }) => whole(isWithout(text) ? 'query' : 'file'),
  create: ({ name, now, dir, existing }) => {
    const stem = `${dir}/${nextVersion(existing, now)}_${name}`;
    if (!existing.some((path) => path.endsWith('.down.sql'))) return new Map([[`${stem}.sql`, '']]);
    return new Map([
      [`${stem}.up.sql`, ''],
      [`${stem}.down.sql`, ''],
    ]);
  },
};

function isWithout(text: string): boolean {
  return text.startsWith('-- no-transaction');
}
