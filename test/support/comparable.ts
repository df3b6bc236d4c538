import type { Effects } from '../../src/effects/effect.ts';
import { runsAlone } from '../../src/effects/transaction.ts';
import type { Action } from '../../src/sql/action.ts';
import type { Observed } from './observe.ts';

/** What a query reads, and how, is the planner's choice; TRUNCATE gives the table a new file, but writes no row into it. */
const QUERIES: ReadonlySet<string> = new Set(['dml', 'select', 'execute', 'create-table-as', 'truncate']);

/** What runs statements of several kinds. */
const CODE: ReadonlySet<string> = new Set(['do', 'call', 'execute', 'explain', 'select']);

/** Effects and observation as lines that can be compared: `public.users AccessExclusiveLock rewrite scan`. `rowless`: the tables are empty. */
export function comparable(
  action: Action,
  effects: Effects,
  seen: readonly Observed[],
  { outside = runsAlone(action), rowless = false }: { outside?: boolean; rowless?: boolean } = {},
): { expected: string[]; observed: string[] } {
  const named = new Set(effects.relations.map(({ relation }) => relation));
  // A SELECT that calls a function may do anything.
  const works = !QUERIES.has(action.kind) || (action.kind === 'select' && action.functions.length > 0);
  // Code runs statements of several kinds, queries among them.
  const queried = new Set(
    CODE.has(action.kind)
      ? effects.relations.filter(({ parts }) => parts.some(({ by }) => QUERIES.has(by))).map(({ relation }) => relation)
      : [],
  );
  const line = ({ relation, lock, rewrite, scan, indexBuild }: Omit<Observed, 'oid' | 'kind'>): string =>
    [
      relation,
      lock,
      ...(works && rewrite && !queried.has(relation) ? ['rewrite'] : []),
      ...(works && scan && !outside && !queried.has(relation) ? ['scan'] : []),
      ...(works && indexBuild && !queried.has(relation) ? ['index build'] : []),
    ].join(' ');
  // Indexes count only when the statement names them.
  const observed = seen
    .filter(({ relation, kind }) => kind !== 'index' || named.has(relation))
    .map(line)
    .sort();
  // Of two empty tables that a key connects, the planner leaves one unread.
  const unread = (said: string): boolean =>
    rowless && observed.includes(said.replace(/ scan$/, '')) && observed.some((other) => other.endsWith(' scan'));
  const locked = new Map(seen.map(({ relation, lock }) => [relation, lock]));
  return {
    // What only rows decide may stay away: no row was routed to a partition, no key was looked up in a referenced table. Where it shows, it must be
    // just what was said.
    expected: effects.relations
      .flatMap((effect) => {
        const lock = locked.get(effect.relation);
        if (lock === undefined) return effect.certain === null ? [] : [effect];
        return lock === effect.certain ? [{ ...effect, lock }] : [effect];
      })
      .map(line)
      .map((said) => (unread(said) ? said.replace(/ scan$/, '') : said))
      .sort(),
    observed,
  };
}
