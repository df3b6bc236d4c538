import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { acquireLease, LeaseLost, removeLease } from '../safety/lease.ts';
import type { BackfillEvent } from './event.ts';
import { describeFailure } from './failure.ts';
import { workerPrefix } from './lease-name.ts';
import { closeLink, type Link } from './link.ts';
import { Runner, type RunnerOptions } from './runner.ts';
import type { Signal } from './signals/signal.ts';

export interface WorkersOptions extends Omit<RunnerOptions, 'lease' | 'role' | 'signals' | 'isOurs'> {
  readonly count: number;
  readonly owner: string;
  readonly ttlMs: number;
  readonly signals: () => readonly Signal[];
}

/** Further workers in this process. */
export interface Workers {
  /** Whether a lease is one of theirs. */
  isOurs(lease: string): boolean;
  /** Ends them, each after its batch. */
  stop(): Promise<void>;
}

/** What a worker tells by itself; how it goes as a whole is told by the one that leads. */
const TOLD: ReadonlySet<BackfillEvent['event']> = new Set(['progress', 'batch-failed', 'left-out', 'restarted']);

/** Starts workers that walk ranges beside the one that leads, in this process or another, each with its own connections. */
export function startWorkers(options: WorkersOptions): Workers {
  const stopping = new AbortController();
  // Each worker listens; more than ten are no leak.
  setMaxListeners(0, stopping.signal, options.cancelBatch);
  const pause = (): void => stopping.abort(options.pause.reason);
  if (options.pause.aborted) pause();
  options.pause.addEventListener('abort', pause);
  const leases = new Set<string>();
  const all = Promise.all(Array.from({ length: options.count }, () => work(options, leases, stopping.signal)));
  return {
    isOurs: (lease) => leases.has(lease),
    async stop() {
      stopping.abort('the backfill has ended');
      options.pause.removeEventListener('abort', pause);
      await all;
    },
  };
}

/** One worker, until it is to stop; one that was taken for dead begins again. */
async function work(options: WorkersOptions, leases: Set<string>, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    try {
      await workOnce(options, leases, stop);
      return;
    } catch (error) {
      if (error instanceof LeaseLost) continue;
      // What keeps it from working is met by the one that leads as well, who decides.
      options.emit({ event: 'worker-ended', reason: describeFailure(error) });
      return;
    }
  }
}

async function workOnce(options: WorkersOptions, leases: Set<string>, stop: AbortSignal): Promise<void> {
  const { store, job, owner, ttlMs, open, emit } = options;
  const first = await open();
  let last: Link = first;
  try {
    const name = `${workerPrefix(job.name)}${randomUUID()}`;
    leases.add(name);
    const lease = await acquireLease(first.control, {
      schema: store.schema,
      name,
      owner,
      waitMs: 0,
      ttlMs,
    });
    await lease.enlist(first.main);
    const signals = options.signals();
    const runner = new Runner(first, {
      ...options,
      lease,
      signals,
      role: 'further',
      isOurs: () => false,
      pause: stop,
      emit: (event) => {
        if (TOLD.has(event.event)) emit(event);
      },
    });
    try {
      const { outcome, reason } = await runner.run();
      if (outcome === 'failed' || outcome === 'gave-up') emit({ event: 'worker-ended', reason: reason ?? outcome });
    } finally {
      last = runner.link;
      for (const signal of signals) signal.close?.();
      await removeLease(last.control, lease);
    }
  } finally {
    await closeLink(last);
  }
}
