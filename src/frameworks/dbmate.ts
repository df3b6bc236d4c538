import type { Stretch } from '../effects/tool-run.ts';
import { dirInEnv, type Framework, firstThere, placedBy, whole } from './framework.ts';
import { timestamp } from './new-name.ts';

export const dbmate: Framework = {
  name: 'dbmate',
  title: 'dbmate',
  // Without a transaction, a section is still sent as one query.
  source: 'https://github.com/amacneil/dbmate/blob/main/pkg/dbmate/db.go',
  recognisedBy: '`-- migrate:up`, or `DBMATE_MIGRATIONS_DIR` in .env',
  order: 'name of the file',
  transactions: 'each section in one transaction, unless it says `-- migrate:up transaction:false`',
  does: 'runs each migration in one transaction',
  apart: 'Give it a migration of its own that begins with -- migrate:up transaction:false, with nothing else in it.',
  downPart: 'after `-- migrate:down`',
  detect: (repository) => {
    const dir = dirInEnv(repository, 'DBMATE_MIGRATIONS_DIR');
    if (dir !== null) return { dirs: [dir], by: '.env' };
    const isDbmate = /^-- Dbmate schema migrations/m.test(repository.read('db/schema.sql') ?? '');
    const usual = isDbmate ? firstThere(repository, ['db/migrations']) : null;
    return usual === null ? null : { dirs: [usual], by: 'db/schema.sql' };
  },
  recognise: (files) => files.some(({ text }) => /^[ \t]*--\s*migrate:(?:up|down)\b/im.test(text)),
  place: placedBy(/^\d+[^/]*\.sql$/),
  stretches: ({ text }) => {
    const marks = [...text.matchAll(/^[ \t]*--\s*migrate:(up|down)\b(.*)$/gim)];
    const stretches = marks.map((mark, at): Stretch => ({
      end: marks[at + 1]?.index ?? Infinity,
      rule: /\btransaction:\s*false\b/i.test(mark[2] ?? '') ? 'query' : 'file',
    }));
    return stretches.length === 0 ? whole('file') : stretches;
  },
  create: ({ name, now, dir }) =>
    new Map([[`${dir}/${timestamp(now)}_${name}.sql`, '-- migrate:up\n\n\n-- migrate:down\n\n']]),
};
