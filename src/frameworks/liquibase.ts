import type { Stretch } from '../effects/tool-run.ts';
import {
  fileOf,
  folderOf,
  type Framework,
  firstThere,
  isThere,
  joinPath,
  type Repository,
  usualPlace,
  whole,
} from './framework.ts';
import type { Range } from '../sql/statement.ts';
import { delimitersIn, hasDelimiter, withSemicolons } from './liquibase-delimiters.ts';
import { timestamp } from './new-name.ts';
import { blank } from './sections.ts';
import { entriesOf, valueOf } from './settings-text.ts';

const HEADER = /^\uFEFF?\s*--\s*liquibase\s+formatted\s+sql\b/i;
const CHANGESET = /^[ \t]*--[ \t]*changeset[ \t]+(.*)$/gim;
const MASTERS = ['yaml', 'yml', 'xml', 'json'].flatMap((ending) =>
  ['db/changelog/db.changelog-master', 'db.changelog-master', 'changelog-master', 'db.changelog', 'changelog'].flatMap(
    (name) => [`src/main/resources/${name}.${ending}`, `${name}.${ending}`],
  ),
);
const USUAL = ['src/main/resources/db/changelog', 'db/changelog', 'changelog', 'changelogs', 'liquibase'];

export const liquibase: Framework = {
  name: 'liquibase',
  title: 'Liquibase',
  source: 'https://docs.liquibase.com/concepts/changelogs/sql-format.html',
  recognisedBy: '`--liquibase formatted sql`, `liquibase.properties`, a master changelog',
  order: 'the `include` and `includeAll` of the master changelog, else the name',
  transactions: 'each changeset in one transaction, unless it says `runInTransaction:false`',
  does: 'runs each changeset in one transaction',
  apart: 'Give it a changeset of its own with runInTransaction:false.',
  downPart: '`--rollback` lines, which are comments',
  detect: (repository) => {
    const named =
      valueOf(repository.read('liquibase.properties'), 'changeLogFile') ??
      valueOf(repository.read('liquibase.properties'), 'changelog-file');
    const master = [...(named === null ? [] : [joinPath(named) ?? '']), ...MASTERS].find(
      (path) => path !== '' && isThere(repository, path),
    );
    const folder = firstThere(repository, USUAL);
    if (master !== undefined) {
      // A changelog at the root names its files in folders beside it.
      const dirs =
        folderOf(master) === ''
          ? [...new Set(includes(repository, master).map((path) => path.split('/')[0] ?? path))]
          : [folderOf(master)];
      return dirs.length === 0 ? null : { dirs, by: master };
    }
    return named === null || folder === null ? null : { dirs: [folder], by: 'liquibase.properties' };
  },
  recognise: (files) => files.some(({ text }) => HEADER.test(text)),
  isAppendedTo: true,
  place: (path) => (path.endsWith('.sql') ? { ...usualPlace(path), kind: 'migration' } : null),
  sort: (paths, { by }, repository) => {
    const order = includes(repository, by);
    if (order.length === 0) return paths;
    const at = new Map(order.map((path, index) => [path, index]));
    const rank = (path: string): number =>
      at.get(path) ?? at.get([...at.keys()].find((folder) => path.startsWith(`${folder}/`)) ?? '') ?? -1;
    const known = paths.filter((path) => rank(path) !== -1);
    // What one includeAll brings is in the order of the names.
    return known.toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : Number(a > b)));
  },
  stretches: ({ text }) => {
    const stretches = changesetsIn(text).flatMap((changeset): Stretch[] => {
      const { attributes, end, isLast } = changeset;
      const last = isLast ? Infinity : end;
      if (!/\brunInTransaction:\s*"?false\b/i.test(attributes)) return [{ end: last, rule: 'file' }];
      const delimiters = delimitersIn(text, attributes, changeset);
      if (delimiters !== null && !hasDelimiter(attributes)) return [{ end: last, rule: 'none' }];
      // What stands between two delimiters is sent as one query.
      return [...(delimiters ?? []).map(({ end }): Stretch => ({ end, rule: 'query' })), { end: last, rule: 'query' }];
    });
    return stretches.length === 0 ? whole('file') : stretches;
  },
  blank: (text) => {
    return changesetsIn(text).reduceRight((result, changeset) => {
      const { attributes, start: from, end: to } = changeset;
      const databases =
        /\bdbms:\s*(?:"([^"]*)"|([^\s,]+(?:,\s*[!\w]+(?![\w:]))*))/i
          .exec(attributes)
          ?.slice(1)
          .join('')
          .toLowerCase()
          .split(/[,\s]+/)
          .filter((database) => database !== '') ?? [];
      if (databases.length === 0 || databases.some(isOurs))
        return withSemicolons(result, delimitersIn(text, attributes, changeset) ?? []);
      return result.slice(0, from) + blank(result.slice(from, to)) + result.slice(to);
    }, text);
  },
  fills: (_, repository) => ({
    shape: String.raw`\$\{([\w.:-]{1,200})\}`,
    values: entriesOf(repository.read('liquibase.properties'), 'parameter.'),
  }),
  down: (text) => {
    let found = false;
    const lines = text.split('\n').map((line) => {
      const [, before, sql] = /^([ \t]*--[ \t]*rollback[ \t]+)(?!empty\b|not required\b)(.*)$/i.exec(line) ?? [];
      found ||= sql !== undefined;
      return sql === undefined ? blank(line) : `${blank(before ?? '')}${sql}`;
    });
    return found ? lines.join('\n') : null;
  },
  create: ({ name, now, dir }) => {
    const id = timestamp(now);
    return new Map([
      [`${dir}/${id}_${name}.sql`, `--liquibase formatted sql\n\n--changeset tiptoe:${id}\n\n--rollback empty\n`],
    ]);
  },
};

interface Changeset extends Range {
  readonly attributes: string;
  readonly isLast: boolean;
}

/** Without the lines that begin them. */
function changesetsIn(text: string): Changeset[] {
  const marks = [...text.matchAll(CHANGESET)];
  return marks.map((mark, at) => ({
    attributes: mark[1] ?? '',
    start: mark.index + mark[0].length,
    end: marks[at + 1]?.index ?? text.length,
    isLast: at === marks.length - 1,
  }));
}

function isOurs(database: string): boolean {
  return database === 'all' || database === 'postgresql' || (database.startsWith('!') && database !== '!postgresql');
}

/** The files and folders that a master changelog brings in, in order, from the repository's root. */
function includes(repository: Repository, master: string, seen: readonly string[] = []): string[] {
  if (seen.includes(master)) return [];
  const text = repository.read(master) ?? '';
  const roots = ['', folderOf(master), 'src/main/resources'];
  return [...text.matchAll(/["']?\b(?:file|path)["']?\s*[:=]\s*["']?([^\s"',}>]+)/g)].flatMap(([, named = '']) => {
    const clean = named.replace(/^classpath:\/?/, '');
    const path = roots
      .map((root) => joinPath(root, clean))
      .find(
        (found) => found !== null && found !== '' && (isThere(repository, found) || repository.list(found).length > 0),
      );
    if (path === undefined || path === null) return [];
    return /\.(?:ya?ml|xml|json)$/.test(fileOf(path)) ? includes(repository, path, [...seen, master]) : [path];
  });
}
