import { dirInEnv, type Framework, firstThere, placedBy, whole } from './framework.ts';
import { nextVersion } from './new-name.ts';

const USUAL = ['migrations', 'db/migrations', 'sql/migrations', 'internal/db/migrations', 'sql/schema'];

export const goose: Framework = {
  name: 'goose',
  title: 'goose',
  source: 'https://github.com/pressly/goose/blob/main/provider_run.go',
  recognisedBy: '`-- +goose Up`, or `GOOSE_MIGRATION_DIR` in .env',
  order: 'number at the beginning of the name',
  transactions: 'each file in one transaction, unless it says `-- +goose NO TRANSACTION`',
  does: 'runs each file in one transaction',
  apart: 'Give it a file of its own with the line -- +goose NO TRANSACTION.',
  downPart: 'after `-- +goose Down`',
  detect: (repository) => {
    const dir = dirInEnv(repository, 'GOOSE_MIGRATION_DIR');
    if (dir !== null) return { dirs: [dir], by: '.env' };
    const isGoose = /^\s*(?:require\s+)?github\.com\/pressly\/goose\b/m.test(repository.read('go.mod') ?? '');
    const usual = isGoose ? firstThere(repository, USUAL) : null;
    return usual === null ? null : { dirs: [usual], by: 'go.mod' };
  },
  recognise: (files) =>
    files.some(({ text }) => /^[ \t]*--\s*\+goose\s+(?:up|down|statementbegin|no transaction)\b/im.test(text)),
  place: placedBy(/^\d+_[^/]+\.sql$/),
  stretches: ({ text }) => whole(/^[ \t]*--\s*\+goose\s+no\s+transaction\b/im.test(text) ? 'none' : 'file'),
  fills: ({ text }) => {
    // https://pressly.github.io/goose/documentation/annotations/#environment-variable-substitution
    const marks = [...text.matchAll(/^[ \t]*--\s*\+goose\s+envsub\s+(on|off)\b/gim)];
    const within = marks.flatMap(({ 1: way, index }, at) =>
      way?.toLowerCase() === 'on' ? [{ start: index, end: marks[at + 1]?.index ?? Infinity }] : [],
    );
    // Of $tag$, goose would make what nobody wants.
    const shape = String.raw`\$\{([A-Za-z_]\w*)[^{}\r\n]*\}|\$([A-Za-z_]\w*)(?![\w$])`;
    return within.length === 0 ? null : { shape, values: {}, within };
  },
  create: ({ name, now, dir, existing }) =>
    new Map([[`${dir}/${nextVersion(existing, now)}_${name}.sql`, '-- +goose Up\n\n\n-- +goose Down\n']]),
};
