import type { Session } from '../db/session.ts';
import type { Blocker } from '../safety/blockers.ts';
import type { Lease } from '../safety/lease.ts';
import type { Limits } from '../safety/limits.ts';
import { watch, type Cause, type Watchdog, type WatchOptions } from '../safety/watchdog.ts';
import type { Cap } from '../safety/cap.ts';
import type { Facts } from './facts.ts';
import type { Ledger } from './ledger.ts';
import type { ApplyEvent } from './result.ts';
import type { Schedule } from './schedule.ts';
import type { Step } from './steps.ts';

export interface Identity {
  readonly sessionUser: string;
  /** The setting `role`: `none`, or what `ALTER ROLE … SET role` says. */
  readonly role: string;
}

/** What every part of a run works with. */
export interface RunContext {
  /** Looks, keeps the lease and the ledger, and ends what `main` does when it must. */
  readonly control: Session;
  /** Runs the migrations, and nothing else. */
  readonly main: Session;
  /** The server's major version. */
  readonly version: number;
  /** Who we are when a session begins, whatever role a file may take on. */
  readonly identity: Identity;
  readonly limits: Limits;
  readonly ledger: Ledger;
  readonly lease: Lease;
  readonly schedule: Schedule;
  readonly signal: AbortSignal;
  readonly emit: (event: ApplyEvent) => void;
}

/** What it did to others. */
export interface Cost {
  /** From the first lock that blocked others to their end. */
  readonly heldMs: number;
  /** How many sessions were seen waiting behind us. */
  readonly waiters: number;
}

/** We ended the work ourselves, and it was rolled back. */
export class Ended extends Error {
  readonly why: Cause;
  readonly step: Step | null;
  /** What online work has left behind, in words. */
  readonly left: string | null;
  readonly cost: Cost | null;
  /** Who was in the way, where that is why. */
  readonly blockers: readonly Blocker[];

  constructor(
    why: Cause,
    step: Step | null,
    more: {
      readonly cause?: unknown;
      readonly left?: string | null;
      readonly cost?: Cost;
      readonly blockers?: readonly Blocker[];
    } = {},
  ) {
    super(`ended: ${why}`, { cause: more.cause });
    this.name = 'Ended';
    this.why = why;
    this.step = step;
    this.left = more.left ?? null;
    this.cost = more.cost ?? null;
    this.blockers = more.blockers ?? [];
  }
}

/** The server refused a statement, and this says which. */
export class StepFailed extends Error {
  readonly step: Step;
  /** What online work has left behind, in words. */
  readonly left: string | null;

  constructor(step: Step, cause: unknown, left: string | null = null) {
    super(`statement ${step.statement.index} failed`, { cause });
    this.name = 'StepFailed';
    this.step = step;
    this.left = left;
  }
}

/** The server refused to commit: a constraint that was checked last, most often. */
export class CommitFailed extends Error {
  constructor(cause: unknown) {
    super('the transaction could not be committed', { cause });
    this.name = 'CommitFailed';
  }
}

/** Watches over `main` until the returned `release`; Ctrl-C and the loss of the lease end its work. */
export function watchOver(
  context: RunContext,
  cap: Cap,
  options: WatchOptions,
  facts?: Facts,
): { dog: Watchdog; release: () => Promise<void>; waiters: () => number } {
  const waiters = new Set<number>();
  const dog = watch(context.control, context.main, cap, {
    ...options,
    onWaiters(seen) {
      for (const { pid } of seen) waiters.add(pid);
      facts?.see(seen);
    },
  });
  const interrupted = () => dog.end('interrupted');
  const lost = () => dog.end('lease-lost');
  if (context.signal.aborted) interrupted();
  if (context.lease.lost.aborted) lost();
  context.signal.addEventListener('abort', interrupted);
  context.lease.lost.addEventListener('abort', lost);
  return {
    dog,
    waiters: () => waiters.size,
    async release() {
      context.signal.removeEventListener('abort', interrupted);
      context.lease.lost.removeEventListener('abort', lost);
      await dog.stop();
    },
  };
}
