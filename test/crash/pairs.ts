import type { Holder } from './holders.ts';
import type { Kind } from './kinds.ts';
import type { Moment, Request } from './wire-proxy.ts';

export const FAULTS = [
  /** `kill -9` of tiptoe. */
  'kill',
  /** Both ends of the connection that the request is on are gone. */
  'cut',
  'terminate-main',
  'terminate-control',
  'restart-fast',
  'restart-immediate',
  /** No block more for the database's tablespace, from this request to the end of the run. */
  'disk-full',
] as const;

export type Fault = (typeof FAULTS)[number];

/** A request of the undisturbed run, and when it is interrupted; `held`: in its middle, while it waits for this. */
export interface Boundary {
  readonly request: Request;
  readonly moment: Moment;
  readonly held?: Holder;
}

export interface Pair {
  readonly kind: Kind;
  readonly boundary: Boundary;
  readonly fault: Fault;
}

export interface Recorded {
  readonly kind: Kind;
  readonly requests: readonly Request[];
}

const MAIN = 'tiptoe: apply 0';
const CONTROL = 'tiptoe: control 0';
/** What a backfill does in its own sessions is tried where backfills are. */
const OWN = /^tiptoe(?:: control| pooler check|: apply) \d+$/;

/**
 * Every boundary of the undisturbed runs with every fault, without those that cannot be told from another one: see {@link roleOf}.
 */
export function listPairs(runs: readonly Recorded[]): Pair[] {
  const seen = new Set<string>();
  return runs.flatMap(({ kind, requests }) => {
    let lastOfMain = '';
    return requests
      .filter(({ session }) => OWN.test(session))
      .flatMap((request) => {
        const role = roleOf(request);
        const context = request.session === MAIN ? '' : lastOfMain;
        if (request.session === MAIN && role !== 'passing') lastOfMain = shape(request.sql);
        const key = `${request.session} ${shape(request.sql)} ${context}`;
        if (role !== 'statement') {
          if (seen.has(key)) return [];
          seen.add(key);
        }
        const plain = Object.entries(MOMENTS[role]).flatMap(([fault, when]) =>
          when.map((moment) => ({ kind, boundary: { request, moment }, fault: fault as Fault })),
        );
        const holders = request.session === MAIN ? (kind.held ?? []) : [];
        const held = holders
          .filter(({ statement }) => statement.test(request.sql))
          .flatMap(({ by }) => by)
          .flatMap((holder) =>
            WHILE_HELD.map((fault) => ({ kind, boundary: { request, moment: 'sent' as const, held: holder }, fault })),
          );
        return [...plain, ...held];
      });
  });
}

/**
 * What a request is to the server:
 * - a `statement` of the file, or the end of its transaction: each of them counts
 * - `books`: it writes to the ledger or the lease by itself; what can go wrong there is the same after statements of one shape
 * - `passing`: it reads, sets, or is undone with its transaction: the server is as it was before, so that only what tiptoe does when it gets
 *   no answer matters, and that is the same wherever this is asked
 */
function roleOf({ session, sql, index }: Request): 'statement' | 'books' | 'passing' {
  if (index === 0 || /^(?:SELECT FROM|SELECT \w+\.|SELECT version|SET|RESET|DISCARD|BEGIN|ROLLBACK)/.test(sql))
    return 'passing';
  if (session === MAIN) return /tiptoe\.|pg_catalog\./.test(sql) ? 'passing' : 'statement';
  return /^(?:INSERT|UPDATE|DELETE|WITH|COMMIT)/.test(sql) ? 'books' : 'passing';
}

type Moments = Readonly<Partial<Record<Fault, readonly Moment[]>>>;

const MOMENTS: Readonly<Record<ReturnType<typeof roleOf>, Moments>> = {
  statement: {
    kill: ['before', 'sent'],
    cut: ['before', 'sent', 'answered'],
    'terminate-main': ['before', 'sent'],
    'terminate-control': ['before', 'sent'],
    'restart-fast': ['before', 'sent'],
    'restart-immediate': ['before', 'sent'],
    'disk-full': ['before'],
  },
  books: {
    kill: ['before', 'sent'],
    cut: ['before', 'answered'],
    'terminate-main': ['before'],
    'terminate-control': ['sent'],
    'restart-fast': ['before'],
    'restart-immediate': ['sent'],
    'disk-full': ['before'],
  },
  passing: { cut: ['before'] },
};

const WHILE_HELD: readonly Fault[] = [
  'kill',
  'cut',
  'terminate-main',
  'terminate-control',
  'restart-fast',
  'restart-immediate',
];

/** What kind of a boundary this is: what the request is to the server, and when it is interrupted. */
export function boundaryKind({ request, moment, held }: Boundary): string {
  return held === undefined ? `${roleOf(request)} ${moment}` : `held by a ${held}`;
}

/** A query without its numbers. */
function shape(sql: string): string {
  return sql.replaceAll(/\b\d+\b/g, 'N');
}

export function describePair({ kind, boundary: { request, moment, held }, fault }: Pair): string {
  const { session, index, sql } = request;
  const at = held === undefined ? moment : `held by a ${held} in`;
  return `${kind.name}: ${fault} ${at} ${session === MAIN ? 'main' : session === CONTROL ? 'control' : session} #${index} ${sql.slice(0, 80)}`;
}
