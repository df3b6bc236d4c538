import { type Framework, joinPath, whole } from './framework.ts';
import type { FileName } from './name.ts';
import { propertyOf } from './settings-text.ts';

export const graphileMigrate: Framework = {
  name: 'graphile-migrate',
  title: 'graphile-migrate',
  // Without a transaction, the file is still sent as one query.
  source: 'https://github.com/graphile/migrate/blob/main/src/migration.ts',
  recognisedBy: '`.gmrc`, `.gmrc.js`, `.gmrc.cjs`',
  order: '`committed/` by number, then `current.sql` or `current/`',
  transactions: 'each file in one transaction, unless it begins with `--! no-transaction`',
  does: 'runs each migration in one transaction',
  apart: 'Give it a migration of its own that begins with the line --! no-transaction, with nothing else in it.',
  downPart: 'none',
  detect: (repository) => {
    const by = ['.gmrc', '.gmrc.js', '.gmrc.cjs'].find((name) => repository.list('').includes(name));
    if (by === undefined) return null;
    const dir = joinPath(propertyOf(repository.read(by), 'migrationsFolder') ?? 'migrations');
    return dir === null || repository.list(dir).length === 0 ? null : { dirs: [dir], by };
  },
  recognise: (files) => files.some(({ text }) => /^--! previous: /i.test(text)),
  place: (path): FileName | null => {
    const [, digits, rest = ''] = /(?:^|\/)committed\/(\d{6,})([^/]*)\.sql$/.exec(path) ?? [];
    if (digits !== undefined)
      return { name: `${digits}${rest}`, version: digits.replace(/^0+(?=\d)/, ''), kind: 'migration' };
    const current = /(?:^|\/)(current(?:\/(?!\.)[^/]+)?)\.sql$/.exec(path)?.[1];
    return current === undefined ? null : { name: current, version: null, kind: 'migration' };
  },
  edited: /(?:^|\/)current(?:\.sql$|\/)/,
  beside: /(?:^|\/)(?:fixtures\/|(?:before|after)(?:Reset|Current|AllMigrations)\b)/,
  stretches: ({ text }) => {
    // The header of a committed migration ends with the first empty line; what asks for no transaction is the line after it.
    const body = text.startsWith('--! Previous: ') ? text.slice(text.search(/\r?\n\r?\n/)).trimStart() : text;
    return whole(
      /^--!\s*no-transaction\b/.test(body) || /^(?:--!.*\r?\n)*--!\s*no-transaction\b/.test(text) ? 'query' : 'file',
    );
  },
  fills: (_, repository, { by }) => {
    // The names have their colon: ":DATABASE_AUTHENTICATOR": "!ENV", which is a value of the environment.
    const [, listed = ''] = /["']?\bplaceholders["']?\s*:\s*\{([^}]*)\}/.exec(repository.read(by) ?? '') ?? [];
    const entries = [...listed.matchAll(/["'](:[A-Z][0-9A-Z_]*)["']\s*:\s*["']([^"'\r\n]*)["']/g)].map(
      ([, name = '', value = '']) => [name, value] as const,
    );
    const names = [':DATABASE_NAME', ':DATABASE_OWNER', ...entries.map(([name]) => name)];
    const values = Object.fromEntries(entries.filter(([, value]) => !value.startsWith('!')));
    return { shape: `(${[...new Set(names)].join('|')})(?![0-9A-Z_])`, values };
  },
  create: ({ dir }) =>
    `graphile-migrate has one migration in work: write it into ${dir}/current.sql, and end it with graphile-migrate commit.`,
};
