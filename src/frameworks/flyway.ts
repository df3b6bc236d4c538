import {
  fileOf,
  type Framework,
  firstThere,
  isThere,
  joinPath,
  type Repository,
  type Site,
  whole,
} from './framework.ts';
import { type FileName, inMigrationOrder } from './name.ts';
import { entriesOf, listIn, sectionOf, valueIn, valueOf } from './settings-text.ts';

const NAME = /^([VUB])(\d+(?:[._]\d+)*)__(.+)\.sql$|^(R)__(.+)\.sql$/;
/** https://documentation.red-gate.com/fd/callback-events-277579076.html */
const CALLBACK = /(?:^|\/)(?:(?:before|after)[A-Z][A-Za-z]*|createSchema)(?:__[^/]*)?\.sql$/;
const CONFIGS = ['flyway.toml', 'flyway.conf', 'conf/flyway.toml', 'conf/flyway.conf'];
const SPRING = ['application.properties', 'application.yml', 'application.yaml'].map(
  (name) => `src/main/resources/${name}`,
);
const USUAL = ['src/main/resources/db/migration', 'db/migration', 'sql', 'migrations', 'db/migrations'];

export const flyway: Framework = {
  name: 'flyway',
  title: 'Flyway',
  source: 'https://documentation.red-gate.com/flyway/flyway-concepts/migrations/migration-transaction-handling',
  recognisedBy: '`flyway.toml`, `flyway.conf`, a build that names it, or names like `V1.2__add_email.sql`',
  order: 'dotted version; repeatable `R__` last; a baseline `B` only where the versions before it are gone',
  transactions:
    'each file in one transaction; without one where nothing in it can have one, or `executeInTransaction=false` in its `.conf`; all pending in one with `group`',
  does: 'runs each migration in one transaction, and refuses to mix in what cannot run there unless flyway.mixed is true',
  apart:
    'Give it a migration of its own: Flyway then runs it without a transaction. It also needs flyway.postgresql.transactional.lock=false, or it waits for Flyway itself.',
  downPart: '`U` files',
  detect: (repository) => {
    for (const by of CONFIGS) {
      const dirs = locations(repository, by);
      if (dirs !== null) return { dirs, by };
    }
    for (const by of SPRING) {
      const text = repository.read(by);
      if (text === null || !/flyway/.test(text)) continue;
      const named = valueOf(text, 'spring.flyway.locations') ?? valueOf(text, 'locations');
      const dirs = folders(repository, listIn(named), 'src/main/resources');
      if (dirs.length > 0) return { dirs, by };
    }
    for (const by of ['pom.xml', 'build.gradle', 'build.gradle.kts']) {
      if (!/flyway/i.test(repository.read(by) ?? '')) continue;
      const dir = firstThere(repository, USUAL);
      if (dir !== null) return { dirs: [dir], by };
    }
    return null;
  },
  recognise: (files) => {
    const named = files.filter(({ path }) => NAME.test(fileOf(path)));
    return named.length > 0 && named.length * 2 > files.filter(({ path }) => !CALLBACK.test(path)).length;
  },
  place: (path) => nameOf(fileOf(path)),
  edited: /(?:^|\/)R__[^/]+$/,
  beside: /(?:^|\/)B\d[^/]*\.sql$/,
  callbacks: CALLBACK,
  sort: (paths) => {
    const versions = paths.filter((path) => fileOf(path).startsWith('V'));
    const baselines = paths.filter((path) => fileOf(path).startsWith('B'));
    const isNeeded = (baseline: string): boolean => !versions.some((path) => compare(path, baseline) <= 0);
    const newest = baselines.filter(isNeeded).toSorted(compare).at(-1);
    const rest = paths.filter((path) => !fileOf(path).startsWith('B'));
    return [...(newest === undefined ? [] : [newest]), ...rest];
  },
  stretches: ({ path }, repository, site) => {
    const script = repository.read(`${path}.conf`);
    if (valueOf(script, 'executeInTransaction') === 'false') return whole('none');
    if (setting(repository, site, 'group') === 'true') return whole('pending');
    return whole(setting(repository, site, 'mixed') === 'true' ? 'none-if-any' : 'none-if-all');
  },
  fills: ({ path }, repository, site) => {
    const asked = [
      valueOf(repository.read(`${path}.conf`), 'placeholderReplacement'),
      setting(repository, site, 'placeholderReplacement'),
    ];
    const config = configOf(repository, site);
    if (config === null || asked.includes('false')) return null;
    const prefix = setting(repository, site, 'placeholderPrefix') ?? '${';
    const suffix = setting(repository, site, 'placeholderSuffix') ?? '}';
    return {
      shape: `${literal(prefix)}([^\\r\\n]{1,200}?)${literal(suffix)}`,
      values: placeholders(repository, config),
    };
  },
  create: ({ name, dir, existing }) => {
    const versions = existing.flatMap((path) => /^V(\d+)/.exec(fileOf(path))?.[1] ?? []);
    const last = versions.reduce((a, b) => (BigInt(b) > BigInt(a) ? b : a), '0');
    return new Map([[`${dir}/V${(BigInt(last) + 1n).toString().padStart(last.length, '0')}__${name}.sql`, '']]);
  },
};

function nameOf(file: string): FileName | null {
  const match = NAME.exec(file);
  if (match === null) return null;
  const [, letter, version, , repeatable] = match;
  const digits = version?.split(/[._]/).map((part) => part.replace(/^0+(?=\d)/, ''));
  return {
    name: file.replace(/\.sql$/, ''),
    version: repeatable === undefined ? (digits?.join('.') ?? null) : null,
    kind: letter === 'U' ? 'down' : 'migration',
  };
}

function compare(a: string, b: string): number {
  const [left, right] = [nameOf(fileOf(a)), nameOf(fileOf(b))];
  const none = { version: null, name: '' };
  const order = inMigrationOrder({ ...(left ?? none), name: '' }, { ...(right ?? none), name: '' });
  return order;
}

/** The folders that a config names; null where there is no such config. */
function locations(repository: Repository, path: string): string[] | null {
  const text = repository.read(path);
  if (text === null) return null;
  const named = path.endsWith('.toml') ? valueIn(text, 'flyway', 'locations') : valueOf(text, 'flyway.locations');
  const dirs = folders(repository, listIn(named), '');
  return dirs.length > 0 ? dirs : null;
}

function folders(repository: Repository, named: readonly string[], resources: string): string[] {
  if (named.length === 0) return [firstThere(repository, USUAL) ?? []].flat();
  return named.flatMap((location) => {
    const [, kind = '', rest = location] = /^(filesystem|classpath):(.*)$/.exec(location) ?? [];
    const path = joinPath(kind === 'classpath' ? resources || 'src/main/resources' : '', rest.replace(/\/?\*.*$/, ''));
    return path === null || path === '' || (repository.list(path).length === 0 && !isThere(repository, path))
      ? []
      : [path];
  });
}

/** The file that has Flyway's settings. */
function configOf(repository: Repository, { by }: Site): string | null {
  return [by, ...CONFIGS, ...SPRING].find((path) => repository.read(path) !== null) ?? null;
}

/** The values that a config has for placeholders; in what case their names are written is all the same to Flyway. */
function placeholders(repository: Repository, path: string): Record<string, string> {
  const text = repository.read(path);
  const entries = path.endsWith('.toml')
    ? {
        ...entriesOf(sectionOf(text, 'flyway'), 'placeholders.'),
        ...entriesOf(sectionOf(text, 'flyway.placeholders'), ''),
      }
    : /\.ya?ml$/.test(path)
      ? entriesOf(/^([ \t]+)placeholders:[^\S\n]*\n((?:\1[ \t]+\S.*(?:\n|$))*)/m.exec(text ?? '')?.[2] ?? null, '')
      : { ...entriesOf(text, 'spring.flyway.placeholders.'), ...entriesOf(text, 'flyway.placeholders.') };
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [name.toLowerCase(), value]));
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function setting(repository: Repository, site: Site, name: string): string | null {
  const by = configOf(repository, site) ?? '';
  const text = repository.read(by);
  if (by.endsWith('.toml')) return valueIn(text, 'flyway', name);
  return valueOf(text, `flyway.${name}`) ?? valueOf(text, `spring.flyway.${name}`);
}
