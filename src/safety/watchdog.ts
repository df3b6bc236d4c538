import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../db/session.ts';
import { LOCK_MODES, type LockMode } from '../postgres/lock-mode.ts';
import { type Blocker, blockingSessions, type LockTarget } from './blockers.ts';
import { quoteLiteral } from '../postgres/quote.ts';
import type { Cap } from './cap.ts';
import { type Waiter, waitersBehind } from './stalls.ts';

/** Why we ended a session's work ourselves; the first cause is the one that is reported. */
export type Cause =
  | 'cap'
  | 'interrupted'
  | 'lease-lost'
  | 'lock-not-had'
  | 'out-of-patience'
  | 'waited-too-long'
  | 'control-lost';

export interface Watchdog {
  cause(): Cause | null;
  /** Locks that the session was seen waiting for, which nobody had foretold. */
  waitedFor(): readonly LockTarget[];
  /** Whom the session was last seen waiting for. */
  waitedBehind(): readonly Blocker[];
  /** Ends the work now, for this cause. */
  end(cause: Cause): void;
  /** Stops watching; when it returns, no cancel is under way any more. */
  stop(): Promise<void>;
}

export interface WatchOptions {
  /** How long it may be seen waiting for a lock that traffic would queue behind. */
  readonly patienceMs?: number;
  /** Work under CONCURRENTLY: its strong locks on indexes are in nobody's way, those on tables last for a moment. */
  readonly online?: boolean;
  readonly onWaiters?: (waiters: readonly Waiter[]) => void;
  /** Every lock that it is seen with, also those that block nobody. */
  readonly onHeld?: (locks: readonly Pick<LockTarget, 'relation' | 'mode'>[]) => void;
}

/** Modes that hold up writers, weakest first. */
const BLOCKING: readonly LockMode[] = LOCK_MODES.slice(LOCK_MODES.indexOf('ShareLock'));

/** Relations that traffic goes through. Online work waits for an index of its own in the strongest mode, and nobody waits behind it. */
const WITH_TRAFFIC: ReadonlySet<string> = new Set(['r', 'p', 'v', 'm', 'f', 'S']);

const POLL_MS = 50;
/** The session's own `lock_timeout` comes first. */
const PATIENCE_SLACK_MS = 50;
/** The session's own timeouts come first; then it is cancelled, and when that does not help, terminated. */
const CANCEL_AFTER_MS = 100;
const TERMINATE_AFTER_MS = 1_000;

/**
 * Watches `main` from the outside until `stop`: starts the cap's clock when it is seen with a blocking lock that nobody had foretold (DDL
 * inside a function), and ends its work when the time is up, also during COMMIT, which no timeout of the server covers. Ends a wait too that
 * traffic has to queue behind for longer than the patience: a function may have set `lock_timeout` itself. And it ends a wait for a
 * synchronous standby that lasts as long as the cap, locks or not; what waits for that is committed, and goes on.
 * https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-STATEMENT-TIMEOUT
 */
export function watch(
  control: Session,
  main: Session,
  cap: Cap,
  { patienceMs = Infinity, online = false, onWaiters, onHeld }: WatchOptions = {},
): Watchdog {
  const stopped = new AbortController();
  const waitedFor = new Map<number, LockTarget>();
  let waitingSince = new Map<number, number>();
  /** Waits that are over; who waits for the second table holds the first one up meanwhile, so all of them share one patience. */
  let waitedMs = 0;
  let standbySince = Infinity;
  let watched: Work = { transactionStart: null, queryStart: null, waitsForStandby: false };
  let waitedBehind: readonly Blocker[] = [];
  let cause: Cause | null = null;
  let endedAt = Infinity;
  let lastLook = performance.now();

  const end = (why: Cause): void => {
    if (cause !== null) return;
    cause = why;
    endedAt = performance.now() + (why === 'cap' ? CANCEL_AFTER_MS : 0);
  };

  const look = async (): Promise<void> => {
    const before = performance.now();
    const waiting = new Map<number, number>();
    const locks = await locksOf(control, main, onHeld === undefined ? BLOCKING : LOCK_MODES);
    onHeld?.(locks.filter(({ granted, relkind }) => granted && WITH_TRAFFIC.has(relkind)));
    for (const seen of locks) {
      if (seen.granted) {
        if (BLOCKING.includes(seen.mode) && (!online || WITH_TRAFFIC.has(seen.relkind))) cap.start(lastLook);
      } else {
        waitedFor.set(seen.oid, seen);
        if (BLOCKING.includes(seen.mode) && WITH_TRAFFIC.has(seen.relkind))
          waiting.set(seen.oid, waitingSince.get(seen.oid) ?? before);
      }
    }
    for (const [oid, since] of waitingSince) if (!waiting.has(oid)) waitedMs += lastLook - since;
    lastLook = before;
    waitingSince = waiting;
    const patienceEnd = Math.min(...waiting.values()) + patienceMs + PATIENCE_SLACK_MS - waitedMs;
    if (performance.now() > patienceEnd) end('out-of-patience');
    watched = (await workOf(control, main)) ?? watched;
    standbySince = watched.waitsForStandby ? Math.min(standbySince, before) : Infinity;
    if (performance.now() > standbySince + cap.limitMs) {
      standbySince = Infinity;
      await signalBackend(control, main, watched, 'pg_cancel_backend', `a.wait_event = 'SyncRep'`);
    }
    const blockers = await blockingSessions(control, main);
    if (blockers.length > 0) waitedBehind = blockers;
    onWaiters?.(await waitersBehind(control, main));
  };

  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const now = performance.now();
      if (cap.leftMs(now) === 0) end('cap');
      if (cause === null) await look();
      else if (now >= endedAt)
        // Again and again: between two statements there is nothing to cancel.
        await signalBackend(
          control,
          main,
          watched,
          now < endedAt + TERMINATE_AFTER_MS ? 'pg_cancel_backend' : 'pg_terminate_backend',
        );
      await sleep(Math.min(POLL_MS, cap.leftMs(performance.now()) + 1), undefined, { signal: stopped.signal }).catch(
        () => undefined,
      );
    }
  };

  // Nobody can end the work from outside any more, and the cap is not safe: drop the connection, and the server rolls back.
  const running = loop().catch(() => {
    cause ??= 'control-lost';
    main.destroy();
  });

  return {
    cause: () => cause,
    waitedFor: () => [...waitedFor.values()],
    waitedBehind: () => waitedBehind,
    end,
    async stop() {
      stopped.abort();
      await running;
    },
  };
}

interface SeenLock extends LockTarget {
  readonly granted: boolean;
}

/**
 * Locks in these modes, and waits, of a session on relations that others can see; what its own transaction has made is not yet in our snapshot. Nobody but
 * other schema changes writes to a materialized view.
 */
function locksOf(control: Session, main: Session, modes: readonly LockMode[]): Promise<SeenLock[]> {
  return control.query<SeenLock>(
    `WITH locks AS MATERIALIZED (
       SELECT l.pid, l.relation, l.mode, l.granted FROM pg_catalog.pg_locks l
        WHERE l.locktype = 'relation'
          AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))
     SELECT c.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS relation, c.relkind::pg_catalog.text,
            l.mode, l.granted, false AS lockable
       FROM locks l
       JOIN pg_catalog.pg_class c ON c.oid = l.relation
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE l.pid = $1 AND (NOT l.granted OR l.mode = ANY ($2::pg_catalog.text[]))
        AND n.nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema') AND c.relpersistence <> 't'
        AND (c.relkind <> 'm' OR l.mode = 'AccessExclusiveLock')`,
    [main.pid, [...modes]],
  );
}

/** What a session is at; times are null where it is idle, and where the server does not let us see them. */
interface Work {
  readonly transactionStart: string | null;
  readonly queryStart: string | null;
  readonly waitsForStandby: boolean;
}

async function workOf(control: Session, { pid, backendStart }: Session): Promise<Work | undefined> {
  const [work] = await control.query<Work>(
    `SELECT pg_catalog.to_char(xact_start AT TIME ZONE 'UTC', $3) AS "transactionStart",
            pg_catalog.to_char(query_start AT TIME ZONE 'UTC', $3) AS "queryStart",
            wait_event IS NOT DISTINCT FROM 'SyncRep' AS "waitsForStandby"
       FROM pg_catalog.pg_stat_activity
      WHERE pid = $1 AND (backend_start = $2::pg_catalog.timestamptz) IS NOT FALSE`,
    [pid, backendStart, `YYYY-MM-DD"T"HH24:MI:SS.US"Z"`],
  );
  return work;
}

/**
 * Never another session that got the same pid, nor anything but the transaction or statement that was watched. As the role that logged in,
 * which both of our sessions share: one taken on since may not signal it.
 */
async function signalBackend(
  control: Session,
  { pid, backendStart }: Pick<Session, 'pid' | 'backendStart'>,
  { transactionStart, queryStart }: Work,
  how: 'pg_cancel_backend' | 'pg_terminate_backend',
  onlyWhile = 'true',
): Promise<void> {
  const at = (column: string, time: string | null) =>
    time === null ? 'true' : `(a.${column} = ${quoteLiteral(time)}::pg_catalog.timestamptz)`;
  await control.exec(
    `SET LOCAL ROLE NONE;
     SELECT pg_catalog.${how}(a.pid) FROM pg_catalog.pg_stat_activity a
      WHERE a.pid = ${pid} AND a.backend_start = ${quoteLiteral(backendStart)}::pg_catalog.timestamptz
        AND a.state IS DISTINCT FROM 'idle' AND ${onlyWhile}
        AND (${at('xact_start', transactionStart)} IS NOT FALSE OR ${at('query_start', queryStart)})`,
  );
}
