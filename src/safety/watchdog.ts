import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../db/session.ts';
import { LOCK_MODES, type LockMode } from '../postgres/lock-mode.ts';
import { type Blocker, blockingSessions, type LockTarget } from './blockers.ts';
import { quoteLiteral } from '../postgres/quote.ts';
import type { Cap } from './cap.ts';
import { type Waiter, waitersBehind } from './stalls.ts';

/** Why we ended a session's work ourselves; the first cause is the one that is reported. */
export type Cause = 'cap' | 'interrupted' | 'lease-lost' | 'lock-not-had' | 'out-of-patience' | 'control-lost';

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
 * traffic has to queue behind for longer than `patienceMs`: a function may have set `lock_timeout` itself.
 * https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-STATEMENT-TIMEOUT
 */
export function watch(
  control: Session,
  main: Session,
  cap: Cap,
  {
    patienceMs = Infinity,
    onWaiters,
  }: { readonly patienceMs?: number; readonly onWaiters?: (waiters: readonly Waiter[]) => void } = {},
): Watchdog {
  const stopped = new AbortController();
  const waitedFor = new Map<number, LockTarget>();
  let waitingSince = new Map<number, number>();
  let waitedBehind: readonly Blocker[] = [];
  let cause: Cause | null = null;
  let endedAt = Infinity;
  let cancelled = false;
  let lastLook = performance.now();

  const end = (why: Cause): void => {
    if (cause !== null) return;
    cause = why;
    endedAt = performance.now() + (why === 'cap' ? CANCEL_AFTER_MS : 0);
  };

  const look = async (): Promise<void> => {
    const before = performance.now();
    const waiting = new Map<number, number>();
    for (const seen of await locksOf(control, main)) {
      if (seen.granted) {
        cap.start(lastLook);
      } else {
        waitedFor.set(seen.oid, seen);
        if (BLOCKING.includes(seen.mode) && WITH_TRAFFIC.has(seen.relkind))
          waiting.set(seen.oid, waitingSince.get(seen.oid) ?? before);
      }
    }
    lastLook = before;
    waitingSince = waiting;
    const patienceEnd = Math.min(...waiting.values()) + patienceMs + PATIENCE_SLACK_MS;
    if (performance.now() > patienceEnd) end('out-of-patience');
    const blockers = await blockingSessions(control, main);
    if (blockers.length > 0) waitedBehind = blockers;
    onWaiters?.(await waitersBehind(control, main));
  };

  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const now = performance.now();
      if (cap.leftMs(now) === 0) end('cap');
      if (now >= endedAt + TERMINATE_AFTER_MS) {
        await signalBackend(control, main, 'pg_terminate_backend');
        return;
      }
      if (now >= endedAt && !cancelled) {
        cancelled = true;
        await signalBackend(control, main, 'pg_cancel_backend');
      }
      if (cause === null) await look();
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

/** Blocking locks of a session on relations that others can see; what its own transaction has made is not yet in our snapshot. */
function locksOf(control: Session, main: Session): Promise<SeenLock[]> {
  return control.query<SeenLock>(
    `WITH locks AS MATERIALIZED (
       SELECT l.pid, l.relation, l.mode, l.granted FROM pg_catalog.pg_locks l
        WHERE l.locktype = 'relation'
          AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))
     SELECT c.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS relation, c.relkind::pg_catalog.text,
            l.mode, l.granted
       FROM locks l
       JOIN pg_catalog.pg_class c ON c.oid = l.relation
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE l.pid = $1 AND (NOT l.granted OR l.mode = ANY ($2::pg_catalog.text[]))
        AND n.nspname NOT IN ('pg_catalog', 'pg_toast') AND c.relpersistence <> 't'`,
    [main.pid, [...BLOCKING]],
  );
}

/**
 * Never another session that got the same pid. As the role that logged in, which both of our sessions share: one taken on since may not
 * signal it.
 */
async function signalBackend(
  control: Session,
  { pid, backendStart }: Pick<Session, 'pid' | 'backendStart'>,
  how: 'pg_cancel_backend' | 'pg_terminate_backend',
): Promise<void> {
  await control.exec(
    `SET LOCAL ROLE NONE;
     SELECT pg_catalog.${how}(a.pid) FROM pg_catalog.pg_stat_activity a
      WHERE a.pid = ${pid} AND a.backend_start = ${quoteLiteral(backendStart)}::pg_catalog.timestamptz`,
  );
}
