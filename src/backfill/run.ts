import type { ConnectionSettings } from '../db/connection.ts';
import { requireDirect } from '../db/server.ts';
import type { Session } from '../db/session.ts';
import { Problem } from '../problem.ts';
import { acquireLease, type Lease, LeaseLost, underLease } from '../safety/lease.ts';
import { accessProblem } from './access.ts';
import { readAftermath } from './aftermath.ts';
import { batchCautions } from './cautions.ts';
import { isCtid } from './ctid.ts';
import type { BackfillEvent, BackfillProgress, BackfillResult, Ended } from './event.ts';
import { withExactTotal } from './exact-total.ts';
import { isOutage } from './failure.ts';
import {
  type BackfillSource,
  currentSettings,
  isStarted,
  type Job,
  prepareJob,
  registrationOf,
  requireRunning,
  requireSameJob,
  settleSpec,
} from './job.ts';
import { requireNarrow } from './full-scan.ts';
import { leadOrJoin } from './join.ts';
import { pauseIfLast } from './last-to-leave.ts';
import { leaseName } from './lease-name.ts';
import { closeLink, connectionGone, type Link, openLink, reopenLink } from './link.ts';
import { after } from './machine.ts';
import { planRanges } from './plan.ts';
import { openRanges, type Ranges } from './ranges.ts';
import { Runner } from './runner.ts';
import { allSignals } from './signals/all.ts';
import type { Environment } from './signals/cascaded.ts';
import { DEFAULT_SETTINGS, describeSettings, mergeSettings, type Settings } from './settings.ts';
import type { BackfillSpec } from './spec.ts';
import type { Signal } from './signals/signal.ts';
import { rebindSkipped } from './skipped.ts';
import { rangesFor, splitRanges } from './split.ts';
import { openStore, type Store, type Stored } from './store.ts';
import { DEFAULT_PATIENCE, type LockPatience, waitingForTable } from './table-lock.ts';
import { estimateRows } from './target.ts';
import { forgetTables, rememberTables } from './upkeep.ts';
import { requireWanted } from './wanted.ts';
import { startWorkers, type Workers } from './workers.ts';

export interface RunBackfillOptions {
  readonly connection: ConnectionSettings;
  /** tiptoe's own schema on the server. */
  readonly schema: string;
  readonly source: BackfillSource;
  /** Over what the file and the database say. */
  readonly settings?: Partial<Settings>;
  /** Shown to whoever waits for the same backfill: `deploy@ci-7 pid 4242`. */
  readonly owner: string;
  /** Several, and beside those of other processes that were given this too; otherwise one, alone. */
  readonly workers?: number;
  readonly waitForRunnerMs?: number;
  /** Whether to leave out a key whose row makes the statement fail, instead of pausing there. */
  readonly skipPoison?: boolean;
  /** Whether to run also where each batch reads a whole table. */
  readonly allowFullScan?: boolean;
  /** How long to wait for a table that is locked at the start. */
  readonly waitForLockMs?: number;
  /** How long to try to get a lost connection back. */
  readonly reconnectForMs?: number;
  /** Whether to let it go on that a person paused or cancelled it, as `tiptoe backfill resume` does. */
  readonly resume?: boolean;
  /** Where the URLs of standbys are that follow another one. */
  readonly environment?: Environment;
  /** Aborted to pause after the batch at work. */
  readonly pause?: AbortSignal;
  /** Aborted to cancel the batch at work; it is rolled back. */
  readonly cancelBatch?: AbortSignal;
  /** Whether to count the keys before the first batch where their number is only estimated. */
  readonly exactTotal?: boolean;
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
  const { connection, schema, source, reconnectForMs = RECONNECT_FOR_MS, pause = NEVER } = options;
  const open = (): Promise<Link> => openLink(connection, source.name, DEFAULT_SETTINGS);
  const work: Work = { options, store: openStore(schema), link: await open() };
  let deadline: number | null = null;
  try {
    for (;;) {
      try {
        return await told(work, await runOnce(work));
      } catch (error) {
        // Who came back first after a restart leads; it takes this one in.
        if (error instanceof LeaseLost && options.workers !== undefined && !pause.aborted) continue;
        if (!isOutage(error)) throw error;
        // Before the first batch, beginning anew is all there is to do.
        deadline ??= performance.now() + reconnectForMs;
        if (pause.aborted || performance.now() >= deadline)
          throw connectionGone(error, pause.aborted ? null : reconnectForMs);
        await closeLink(work.link);
        const forMs = deadline - performance.now();
        work.link = await reopenLink({ open, settle: () => Promise.resolve(), forMs, stop: pause });
      }
    }
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw accessProblem(error, connection, schema);
    throw new Problem(`Another process has taken over the backfill ${source.name}; this one has stopped.`, {
      exitCode: 3,
      advice: `tiptoe backfill status ${source.name} shows how far it is.`,
      cause: error,
    });
  } finally {
    await closeLink(work.link);
  }
}

const NEVER = new AbortController().signal;

interface Work {
  readonly options: RunBackfillOptions;
  readonly store: Store;
  /** The one that is open now. */
  link: Link;
}

/** With how its table fares now. */
async function told({ options: { source, onEvent }, store, link }: Work, ended: Ended): Promise<BackfillResult> {
  const aftermath = await readAftermath(link.main, store, source.name);
  const result = { ...ended, ...aftermath };
  onEvent?.({ event: 'finished', ...result });
  return result;
}

async function runOnce(work: Work): Promise<Ended> {
  const { options, store, link } = work;
  const { source, pause = NEVER } = options;
  await requireDirect(link.control, link.main);
  await store.ensure(link.control);
  const { spec, stored } = await settleSpec(link.control, store, source);
  if (stored !== null && options.resume !== true) await requireWanted(link.control, store.schema, stored);
  if (stored?.state === 'succeeded') return alreadyDone(stored);
  const patience: LockPatience = { forMs: options.waitForLockMs ?? DEFAULT_PATIENCE.forMs, stop: pause };
  const job = await prepareJob(link.main, spec, patience);

  for (const message of batchCautions(job)) options.onEvent?.({ event: 'warning', message });
  if (options.allowFullScan !== true) {
    const { batchSize } = currentSettings(spec, stored, options.settings ?? {});
    const warnings = await waitingForTable(link.main, job.target, job.statement.command, patience, () =>
      requireNarrow(link.main, job, batchSize),
    );
    for (const message of warnings) options.onEvent?.({ event: 'warning', message });
  }

  const team = gather(work, job);
  let ended: Ended | null = null;
  try {
    const lease = await takeLead(work, spec, job, team);
    ended = 'outcome' in lease ? lease : await lead(work, lease, { spec, job, patience, team });
    return ended;
  } finally {
    await team.stop();
    if (ended?.outcome === 'paused')
      await pauseIfLast(link.control, store, { name: job.name, owner: options.owner, ttlMs: LEASE_MS });
  }
}

/** Everything that leading takes, from the first word in the books to the last. */
async function lead(
  work: Work,
  lease: Lease,
  { spec, job, patience, team }: { spec: BackfillSpec; job: Job; patience: LockPatience; team: Team },
): Promise<Ended> {
  const { options, store, link } = work;
  const { source, settings: flags = {}, pause = NEVER, onEvent = () => undefined } = options;
  try {
    // A batch whose process only sleeps is ended with it: it holds rows.
    await lease.enlist(link.main);
    const { target, statement } = job;
    const { workers = 1, resume = false } = options;
    const registered = await waitingForTable(link.main, target, statement.command, patience, () =>
      begin(link, store, lease, { spec, given: 'statement' in source, flags, job, resume, workers }),
    );
    if (registered.state === 'succeeded') return alreadyDone(registered);
    const begun =
      options.exactTotal === true
        ? await withExactTotal(link, { store, lease, target, stop: pause }, registered)
        : registered;
    onEvent({
      event: 'started',
      name: job.name,
      table: target.shown,
      key: target.key.map(({ name }) => name),
      resumed: begun.progress.batches > 0,
      settings: describeSettings(begun.settings),
    });
    team.start(begun, workers - 1);
    const signals = signalsFor(options, job, onEvent);
    const runner = new Runner(link, {
      job,
      store,
      lease,
      role: 'leads',
      begun,
      signals,
      open: () => openLink(options.connection, source.name, begun.settings),
      reconnectForMs: options.reconnectForMs ?? RECONNECT_FOR_MS,
      skipPoison: options.skipPoison === true,
      pause,
      cancelBatch: options.cancelBatch ?? NEVER,
      emit: onEvent,
      isOurs: (lease) => team.isOurs(lease),
    });
    try {
      return await runner.run();
    } finally {
      for (const signal of signals) signal.close?.();
      work.link = runner.link;
    }
  } finally {
    await lease.release(work.link.control);
  }
}

function signalsFor(
  { connection, schema, environment = {}, allowFullScan = false }: RunBackfillOptions,
  { name, target }: Job,
  emit: ((event: BackfillEvent) => void) | null,
): readonly Signal[] {
  const figures = emit === null ? null : { schema, name, emit };
  const walked = allowFullScan || isCtid(target.key) ? null : { schema, name, key: target.key };
  const applicationName = `tiptoe backfill ${name}`;
  return allSignals({ table: target, connection, applicationName, environment, walked, figures });
}

/** The further workers of this process; none until they are started. */
interface Team extends Workers {
  start(begun: Stored, count: number): void;
}

function gather({ options, store }: Work, job: Job): Team {
  let workers: Workers | null = null;
  const { connection, source, owner, pause = NEVER, cancelBatch = NEVER, onEvent = () => undefined } = options;
  return {
    start(begun, count) {
      workers ??= startWorkers({
        count,
        owner,
        ttlMs: LEASE_MS,
        job,
        store,
        begun,
        // One worker tells the figures, the one that leads.
        signals: () => signalsFor(options, job, null),
        open: () => openLink(connection, source.name, begun.settings),
        reconnectForMs: options.reconnectForMs ?? RECONNECT_FOR_MS,
        skipPoison: options.skipPoison === true,
        pause,
        cancelBatch,
        emit: onEvent,
      });
    },
    isOurs: (lease) => workers?.isOurs(lease) ?? false,
    stop: async () => workers?.stop(),
  };
}

/** The lead; or where others have it and this process may work with them, how that ended. */
async function takeLead(work: Work, spec: BackfillSpec, job: Job, team: Team): Promise<Lease | Ended> {
  const { options, store, link } = work;
  const { workers, settings: flags = {}, pause = NEVER, onEvent } = options;
  if (workers === undefined) return takeLease(link, options);
  return leadOrJoin({
    session: link.control,
    store,
    name: job.name,
    pause,
    waitMs: options.waitForRunnerMs ?? WAIT_FOR_RUNNER_MS,
    lead: () => takeLease(link, { ...options, waitForRunnerMs: 0 }),
    async join(stored, owner) {
      requireRunning(registrationOf(job, spec, stored.settings), stored, store.schema);
      // Only what this process was given: the others go by what the database says now.
      const changed = Object.keys(flags).length > 0;
      const settings = mergeSettings(stored.settings, flags);
      if (changed) await store.write(link.control, job.name, { settings });
      onEvent?.({ event: 'joined', owner, workers, changed: changed ? describeSettings(settings) : null });
      team.start(stored, workers);
    },
    onLook: (stored) => onEvent?.({ event: 'all', ...progressOf(stored) }),
  });
}

function progressOf({ state, progress, rate, eta, throttledBy, lastError }: Stored): BackfillProgress {
  const { rowsDone, rowsVisited, rowsTotal, rowsTotalExact, batches } = progress;
  const [etaSeconds, etaRange] = eta === null ? [null, null] : [eta.seconds, eta.range];
  const counts = { rowsDone, rowsVisited, rowsTotal, rowsTotalExact, batches };
  return { state, ...counts, rate, etaSeconds, etaRange, throttledBy, lastError };
}

function alreadyDone({ name, progress }: Stored): Ended {
  const { rowsDone, rowsVisited, batches } = progress;
  return {
    name,
    outcome: 'succeeded',
    reason: null,
    rowsDone,
    rowsVisited,
    batches,
    keysSkipped: 0,
    durationMs: 0,
    remaining: null,
  };
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
  /** By its file, not by a name for what the database has. */
  readonly given: boolean;
  readonly flags: Partial<Settings>;
  readonly job: Job;
  readonly resume: boolean;
  readonly workers: number;
}

/** With the lease ours, writes down what is to be run, or checks that it is what was started, and where that stopped. */
async function begin(
  { main }: Link,
  store: Store,
  lease: Lease,
  { spec, given, flags, job, resume, workers }: Beginning,
): Promise<Stored> {
  return underLease(main, lease, async () => {
    const ranges = openRanges(store.schema, spec.name);
    const before = await loadSettled(main, store, ranges, spec.name);
    if (before !== null && !resume) await requireWanted(main, store.schema, before);
    if (before !== null && !given && before.statementHash !== spec.statementHash) {
      throw new Problem(`The statement of ${spec.name} was changed while this process waited to begin.`, {
        exitCode: 3,
        advice: 'Run it again; it then runs the new one.',
      });
    }
    const registration = registrationOf(job, spec, currentSettings(spec, before, flags));
    if (before !== null) requireSameJob(registration, before, store.schema);
    await store.register(main, registration, 'held');
    const stored = before ?? (await store.load(main, spec.name));
    if (stored === null) throw new Error(`the backfill ${spec.name} was removed while it was started`);
    const state = after(stored.state, 'start');
    if (state === null) return stored;
    if (!isStarted(stored)) {
      await ranges.clear(main);
      await forgetTables(main, store.schema, spec.name);
    } else if (stored.tableOid === null) {
      await ranges.rebind(main);
      await rebindSkipped(main, store.schema, spec.name);
    }
    await planRanges(main, ranges, job);
    await rememberTables(main, store.schema, job);
    if (workers > 1) {
      const leastKeys = registration.settings.batchSize;
      await splitRanges(main, { by: lease.name, job, ranges, wanted: rangesFor(workers), leastKeys });
    }
    await store.write(main, spec.name, {
      state,
      // Otherwise it is what people asked for, also since it was read.
      ...(resume ? { desiredState: 'running' } : {}),
      settings: registration.settings,
      fileSettings: spec.settings,
      walk: registration,
      throttledBy: null,
      lastError: null,
      started: true,
      finished: false,
      ...(stored.progress.rowsTotal === null ? { rowsTotal: await estimateRows(main, job.target) } : {}),
    });
    return (await store.load(main, spec.name)) ?? stored;
  });
}

/** As it stays until this transaction ends: a further worker of one that is gone may be at its first batch. */
async function loadSettled(main: Session, store: Store, ranges: Ranges, name: string): Promise<Stored | null> {
  const stored = await store.load(main, name);
  if (stored === null || isStarted(stored)) return stored;
  await ranges.hold(main);
  return store.load(main, name);
}
