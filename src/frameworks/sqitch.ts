import { fileOf, type Framework, joinPath, type Repository, whole } from './framework.ts';
import { valueIn } from './settings-text.ts';

export const sqitch: Framework = {
  name: 'sqitch',
  title: 'Sqitch',
  // `run_file` calls psql --file, without --single-transaction.
  source: 'https://github.com/sqitchers/sqitch/blob/develop/lib/App/Sqitch/Engine/pg.pm',
  recognisedBy: '`sqitch.plan`, `sqitch.conf`',
  order: '`sqitch.plan`; a reworked change is `NAME@TAG.sql` first',
  transactions: 'each statement by itself, as psql runs it, unless the script has BEGIN and COMMIT',
  does: 'runs each script with psql, and the script begins a transaction itself',
  apart: 'Give it a change of its own whose deploy script has no BEGIN and COMMIT.',
  downPart: '`revert/`; `verify/` is left out too',
  detect: (repository) => {
    const config = repository.read('sqitch.conf');
    const engine = valueIn(config, 'core', 'engine');
    if (engine !== null && engine !== 'pg' && engine !== 'cockroach') return null;
    const { plan, top } = places(repository);
    if (config === null && repository.read(plan) === null) return null;
    const dir = joinPath(top);
    return dir === null ? null : { dirs: [dir], by: repository.read(plan) === null ? 'sqitch.conf' : plan };
  },
  place: (path) => {
    const [, folder, name] = /^(?:.*\/)?(deploy|revert|verify)\/(.+)\.sql$/.exec(`/${path}`) ?? [];
    if (folder === undefined || name === undefined || folder === 'verify') return null;
    return { name, version: null, kind: folder === 'revert' ? 'down' : 'migration' };
  },
  beside: /(?:^|\/)verify\//,
  sort: (paths, _site, repository) => {
    const { plan } = places(repository);
    const order = changes(repository.read(plan) ?? '');
    if (order.length === 0) return paths;
    const at = new Map(order.map((name, index) => [name, index]));
    const rank = (path: string): number => at.get(changeOf(path)) ?? -1;
    return paths.filter((path) => rank(path) !== -1).toSorted((a, b) => rank(a) - rank(b));
  },
  stretches: () => whole('none'),
  create: ({ name }) => `Sqitch keeps a plan of its changes: make it with sqitch add ${name} -n 'what it is for'.`,
};

/** The plan and the folder that scripts are in. */
function places(repository: Repository): { readonly plan: string; readonly top: string } {
  const config = repository.read('sqitch.conf');
  const setting = (name: string): string | null =>
    valueIn(config, 'engine "pg"', name) ?? valueIn(config, 'core', name);
  const top = joinPath(setting('top_dir') ?? '.') ?? '';
  return { top, plan: joinPath(setting('plan_file') ?? `${top}/sqitch.plan`) ?? 'sqitch.plan' };
}

function changeOf(path: string): string {
  return /(?:^|\/)(?:deploy|revert)\/(.+)\.sql$/.exec(path)?.[1] ?? fileOf(path);
}

/**
 * The names of the scripts, in order. Where a change comes again, its earlier script has the name of the next tag after it.
 * https://sqitch.org/docs/manual/sqitchchanges/
 */
function changes(plan: string): string[] {
  const lines = plan.split(/\r?\n/).map((line) => line.replace(/#.*$/, '').trim());
  const entries = lines.flatMap((line) => {
    if (line === '' || line.startsWith('%')) return [];
    const name = line.split(/\s/)[0] ?? '';
    return [name.startsWith('@') ? { tag: name } : { change: name }];
  });
  return entries.flatMap((entry, index) => {
    if (!('change' in entry)) return [];
    const { change } = entry;
    const again = entries.findIndex((other, at) => at > index && 'change' in other && other.change === change);
    if (again === -1) return [change];
    const tag = entries.slice(index, again).find((other) => 'tag' in other);
    return [tag !== undefined && 'tag' in tag ? `${change}${tag.tag}` : change];
  });
}
