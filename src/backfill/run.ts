import type { ConnectionSettings } from '../db/connection.ts';
import { requireDirect } from '../db/server.ts';
import { withTransaction } from '../db/transaction.ts';
import { Problem } from '../problem.ts';
import { acquireLease, assertLease, type Lease, LeaseLost } from '../safety/lease.ts';
import { accessProblem } from './access.ts';
import type { BackfillEvent, BackfillResult } from './event.ts';
import { type BackfillSource, currentSettings, prepareJob, registrationOf, settleSpec } from './job.ts';
import { leaseName } from './lease-name.ts';
import { closeLink, type Link, openLink } from './link.ts';
import { after } from './machine.ts';
import { Runner } from './runner.ts';
import { DEFAULT_SETTINGS, describeSettings, type Settings } from './settings.ts';
import type { BackfillSpec } from './spec.ts';
import { openStore, type Store, type Stored } from './store.ts';
import { estimateRows } from './target.ts';

export interface RunBackfillOptions {
  readonly connection: ConnectionSettings;
  /** tiptoe's own schema on the server. */
  readonly schema: string;
  readonly source: BackfillSource;
  /** Over what the file and the database say. */
  readonly settings?: Partial<Settings>;
  /** Shown to whoever waits for the same backfill: `deploy@ci-7 pid 4242`. */
  readonly owner: string;
  readonly waitForRunnerMs?: number;
  /** How long to try to get a lost connection back. */
  readonly reconnectForMs?: number;
  /** Aborted to pause after the batch at work. */
  readonly pause?: AbortSignal;
  /** Aborted to cancel the batch at work; it is rolled back. */
  readonly cancelBatch?: AbortSignal;
  readonly onEvent?: (event: BackfillEvent) => void;
}

const WAIT_FOR_RUNNER_MS = 60_000;
const RECONNECT_FOR_MS = 60_000;
const LEASE_MS = 30_000;

/**
 * Runs a backfill until it is done, paused or stopped, from its last checkpoint on; needs `loadParser()`. How it ended is the result.
 * Throws a Problem where it cannot begin (exit 2), is not the one that was started (1), or another process has it (3).
 */
export async function runBackfill(options: RunBackfillOptions): Promise<BackfillResult> {
  const { connection, schema, source, settings: flags = {}, onEvent = () => undefined } = options;
  const store = openStore(schema);
  let link = await openLink(connection, source.name, DEFAULT_SETTINGS);
  try {
    await requireDirect(link.control);
    await store.ensure(link.control);
    const { spec, stored } = await settleSpec(link.control, store, source);
    requireWanted(stored);
    if (stored?.state === 'succeeded') return alreadyDone(stored);
    const job = await prepareJob(link.main, spec);
    await store.register(link.control, registrationOf(job, spec, currentSettings(spec, stored, flags)));

    const lease = await takeLease(link, options);
    try {
      const begun = await begin(link, store, lease, { spec, flags, target: job.target });
      if (begun.state === 'succeeded') return alreadyDone(begun);
      onEvent({
        event: 'started',
        name: job.name,
        table: job.target.shown,
        key: job.target.key.map(({ name }) => name),
        resumed: begun.progress.batches > 0,
        settings: describeSettings(begun.settings),
      });
      const runner = new Runner(link, {
        job,
        store,
        lease,
        begun,
        open: () => openLink(connection, source.name, begun.settings),
        reconnectForMs: options.reconnectForMs ?? RECONNECT_FOR_MS,
        pause: options.pause ?? new AbortController().signal,
        cancelBatch: options.cancelBatch ?? new AbortController().signal,
        emit: onEvent,
      });
      try {
        return await runner.run();
      } finally {
        link = runner.link;
      }
    } finally {
      await lease.release(link.control);
    }
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw accessProblem(error, connection, schema);
    throw new Problem(`Another process has taken over the backfill ${source.name}; this one has stopped.`, {
      exitCode: 3,
      advice: `tiptoe backfill status ${source.name} shows how far it is.`,
      cause: error,
    });
  } finally {
    await closeLink(link);
  }
}

function requireWanted(stored: Stored | null): void {
  if (stored?.desiredState !== 'cancelled') return;
  throw new Problem(`The backfill ${stored.name} was cancelled.`, {
    exitCode: 1,
    advice: `tiptoe backfill resume ${stored.name} makes it go on after its last checkpoint when it is run again.`,
  });
}

function alreadyDone({ name, progress }: Stored): BackfillResult {
  const { rowsDone, rowsVisited, batches } = progress;
  return { name, outcome: 'succeeded', reason: null, rowsDone, rowsVisited, batches, durationMs: 0, remaining: null };
}

async function takeLease({ control }: Link, options: RunBackfillOptions): Promise<Lease> {
  const { schema, source, owner, waitForRunnerMs = WAIT_FOR_RUNNER_MS, pause, onEvent } = options;
  let told: string | null = null;
  try {
    return await acquireLease(control, {
      schema,
      name: leaseName(source.name),
      owner,
      waitMs: waitForRunnerMs,
      ttlMs: LEASE_MS,
      onWait: (holder) => {
        if (holder.owner === told) return;
        told = holder.owner;
        onEvent?.({ event: 'waiting', ...holder });
      },
      ...(pause === undefined ? {} : { signal: pause }),
      advice: `tiptoe backfill status ${source.name} shows how far it is.`,
    });
  } catch (error) {
    if (pause?.aborted !== true) throw error;
    throw new Problem(`Stopped while another process was running the backfill ${source.name}.`, {
      exitCode: 3,
      cause: error,
    });
  }
}

interface Beginning {
  readonly spec: BackfillSpec;
  readonly flags: Partial<Settings>;
  readonly target: Parameters<typeof estimateRows>[1];
}

/** With the lease ours, reads where the last process stopped and writes that it goes on. */
async function begin({ main }: Link, store: Store, lease: Lease, { spec, flags, target }: Beginning): Promise<Stored> {
  return withTransaction(main, async () => {
    await assertLease(main, lease);
    const stored = await store.load(main, spec.name);
    if (stored === null) throw new Error(`the backfill ${spec.name} was removed while it was started`);
    requireWanted(stored);
    const state = after(stored.state, 'start');
    if (state === null) return stored;
    await store.write(main, spec.name, {
      state,
      desiredState: 'running',
      settings: currentSettings(spec, stored, flags),
      fileSettings: spec.settings,
      throttledBy: null,
      lastError: null,
      started: true,
      finished: false,
      ...(stored.progress.rowsTotal === null ? { rowsTotal: await estimateRows(main, target) } : {}),
    });
    return (await store.load(main, spec.name)) ?? stored;
  });
}
