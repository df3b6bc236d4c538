import { setTimeout as sleep } from 'node:timers/promises';
import { isSqlFailure, sqlstate } from '../db/errors.ts';
import type { Session } from '../db/session.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import { type Lease, LeaseLost } from '../safety/lease.ts';
import { type Batch, CheckpointMoved, LeafMoved, runBatch, TableReplaced, TableRewritten } from './batch.ts';
import { type BatchCancel, listenForCancel } from './batch-cancel.ts';
import type { Key } from './batches.ts';
import { whyNotProved } from './chain.ts';
import type { Density } from './density.ts';
import { closing, type End, LAST_STEP } from './end.ts';
import { type Entry, openEntry } from './entry.ts';
import type { BackfillEvent, Ended } from './event.ts';
import { describeFailure, isHopeless, isOfRows, isOfSize, isOutage } from './failure.ts';
import { whyGone } from './gone.ts';
import { type Itinerary, openItinerary, type Place } from './itinerary.ts';
import type { Job } from './job.ts';
import { readLeafName } from './leaf.ts';
import { batchSession, closeLink, type Link, reopenLink } from './link.ts';
import { afterBatch, afterFailure, batchKeys, type Pace, startPace, waitMs } from './pace.ts';
import { type Passes, startPasses } from './passes.ts';
import { type Permission, startPermission } from './permission.ts';
import { type Poison, startPoison } from './poison.ts';
import { added, furthest } from './progress.ts';
import { openRanges, type Pulse, type Ranges } from './ranges.ts';
import type { Settings } from './settings.ts';
import { furtherWorkers } from './share.ts';
import type { Signal } from './signals/signal.ts';
import { rangesFor } from './split.ts';
import { addBatch, averageRowsPerSecond, eta, rowsPerSecond, type Speed, startSpeed } from './speed.ts';
import { ASKED_TO_PAUSE, type Role, startSteering, type Steering } from './steering.ts';
import type { Progress, Store, Stored } from './store.ts';
import { measuringWal } from './wal-meter.ts';

export interface RunnerOptions {
  readonly job: Job;
  readonly store: Store;
  readonly lease: Lease;
  readonly role: Role;
  /** Whether the lease of a further worker is of this process. */
  readonly isOurs: (lease: string) => boolean;
  /** As it was when this process began. */
  readonly begun: Stored;
  readonly signals: readonly Signal[];
  readonly open: () => Promise<Link>;
  readonly reconnectForMs: number;
  readonly skipPoison: boolean;
  readonly pause: AbortSignal;
  readonly cancelBatch: AbortSignal;
  readonly emit: (event: BackfillEvent) => void;
}

/** In a row, and at one key alone. */
const MOST_FAILURES = 5;
const LOOK_AGAIN_MS = 300;
const OTHERS_WITHIN_MS = 10_000;
const KNOWN_AFTER_MS = 1_000;
const SHARE_EVERY_MS = 5_000;
const FIRST_BACKOFF_MS = 50;
const LONGEST_BACKOFF_MS = 5_000;

/** One process at work on one backfill. Owns the link from the moment it is made; `link` is the one to close. */
export class Runner {
  link: Link;
  readonly #options: RunnerOptions;
  readonly #beganAt = performance.now();
  readonly #ranges: Ranges;
  readonly #itinerary: Itinerary;
  #steering: Steering | undefined;
  readonly #cancel: BatchCancel;
  readonly #entry: Entry;
  readonly #permission: Permission;
  readonly #poison: Poison;
  readonly #passes: Passes;
  #progress: Progress;
  #lastError: string | null = null;
  #failures = 0;
  #passesBefore: number | undefined;
  /** The last key of the batch that was tried last. */
  #tried: Key | null = null;
  #pace: Pace;
  /** Of the last batch; null after one that failed. */
  #density: Density | null = null;
  #misjudged = false;
  #speed: Speed;
  #batchMs: number | null = null;
  #restUntil = 0;
  #shareAgainAt = 0;
  /** Whether the other workers have heard that this one is at a range, and leave it its share. */
  #sharing: boolean;
  #settings: Settings;

  constructor(link: Link, options: RunnerOptions) {
    const { progress, settings } = options.begun;
    this.link = link;
    this.#options = options;
    const { job, store, lease, emit, skipPoison } = options;
    const main = (): Session => this.link.main;
    const ranges = openRanges(store.schema, job.name);
    const cancel = listenForCancel(options.cancelBatch, () => this.link);
    const entry = openEntry({ ...options, main, cancel });
    const permission = startPermission(entry, emit);
    const parts = { job, lease, schema: store.schema, ranges };
    this.#ranges = ranges;
    this.#cancel = cancel;
    this.#entry = entry;
    this.#permission = permission;
    this.#poison = startPoison({ parts, main, skipPoison, cancel, permission, emit });
    this.#passes = startPasses({ job, store, lease, ranges, main, cancel, permission, emit });
    this.#itinerary = openItinerary({
      job,
      statementHash: options.begun.statementHash,
      lease,
      ranges,
      onLeftOut: (table, reason) => emit({ event: 'left-out', table, reason }),
    });
    this.#sharing = options.role === 'leads';
    this.#progress = progress;
    this.#settings = settings;
    // Where the last process had to go down with the size, this one does not go up at once.
    const size = Math.min(progress.batchKeys ?? settings.batchSize, settings.batchSize);
    this.#pace = startPace(size, performance.now());
    this.#speed = startSpeed(performance.now());
  }

  async run(): Promise<Ended> {
    try {
      for (;;) {
        try {
          await batchSession(this.link.main, this.#settings);
          this.#steering = await this.#startSteering();
          const end = await this.#untilTheEnd(this.#steering);
          if (await this.#othersGoOn(end))
            return this.#finished({ ...end, reason: `${end.reason ?? ''}; other workers go on` });
          await this.#entry.step(LAST_STEP[end.outcome], closing(end, this.#progress, this.#options.job));
          return this.#finished(end);
        } catch (error) {
          await this.#steering?.stop();
          if (error instanceof CheckpointMoved) await this.#reload(this.link);
          else if (isOutage(error)) await this.#reconnect(error);
          else if (this.#cancel.caused(error)) continue;
          else throw error;
        } finally {
          await this.#steering?.stop();
        }
      }
    } finally {
      this.#cancel.stop();
    }
  }

  #startSteering(): Promise<Steering> {
    const { store, job, signals, pause, role, lease } = this.#options;
    const { main, control } = this.link;
    return startSteering({
      store,
      name: job.name,
      session: control,
      signals,
      ownPids: [main.pid, control.pid],
      settings: this.#settings,
      progress: this.#progress,
      role,
      lease: lease.name,
      pause,
    });
  }

  /** Pass after pass, until nothing is left that the WHERE can tell. */
  async #untilTheEnd(steering: Steering): Promise<End> {
    const before = (this.#passesBefore ??= await this.#passes.before(this.#options.begun.progress.pass));
    for (;;) {
      do {
        const end = await this.#walk(steering);
        if (end !== null) return end;
      } while (await this.#itinerary.extend(this.link.main));
      const failed = await this.#poison.retry(steering, (rows) => {
        this.#progress = { ...this.#progress, rowsDone: this.#progress.rowsDone + rows };
      });
      if (failed !== null) return failed;
      this.#progress =
        (await this.#options.store.load(this.link.main, this.#options.job.name))?.progress ?? this.#progress;
      const remaining = await this.#passes.verify(steering);
      if ('outcome' in remaining) return remaining;
      // What was attached since the walk ended was not counted.
      if (await this.#itinerary.extend(this.link.main)) continue;
      const skipped = this.#poison.left();
      if (skipped > 0 && (remaining.kind !== 'left' || remaining.rows <= skipped)) {
        const keys = skipped === 1 ? 'one key is' : `${skipped} keys are`;
        const reason = `${keys} left out because of errors, see ${this.#options.store.schema}.backfill_skipped`;
        return { outcome: 'gave-up', reason, remaining };
      }
      if (remaining.kind !== 'left') {
        const { job, store } = this.#options;
        const reason = whyNotProved(remaining, { name: job.name, schema: store.schema });
        return { outcome: reason === null ? 'succeeded' : 'failed', reason, remaining };
      }
      const { maxPasses } = steering.settings();
      const walked = this.#progress.pass - before;
      if (walked >= maxPasses) {
        const passes = walked === 1 ? 'one pass' : `${walked} passes`;
        const rows = remaining.rows === 1 ? '1 row is' : `${remaining.rows} rows are`;
        const reason = `${rows} still left after ${passes}, and max-passes is ${maxPasses}`;
        return { outcome: 'failed', reason, remaining };
      }
      this.#progress = await this.#passes.open(this.#progress, remaining.rows);
    }
  }

  /**
   * A stop that was asked for is reached when the other workers have stopped too. Where only this process is to stop and others are at
   * work, one of them takes the lead.
   */
  async #othersGoOn({ outcome, reason }: End): Promise<boolean> {
    const { role, store, job, isOurs } = this.#options;
    if (role === 'further' || (outcome !== 'paused' && outcome !== 'cancelled')) return false;
    const deadline = performance.now() + OTHERS_WITHIN_MS;
    for (;;) {
      const others = await furtherWorkers(this.link.main, store.schema, job.name);
      if (others.length === 0) return false;
      if (outcome === 'paused' && reason !== ASKED_TO_PAUSE && others.some((lease) => !isOurs(lease))) return true;
      if (performance.now() > deadline) return false;
      await sleep(LOOK_AGAIN_MS);
    }
  }

  /** Batch after batch; null when no key is left. */
  async #walk(steering: Steering): Promise<End | null> {
    for (;;) {
      const order = await this.#permission.ask(steering);
      if ('outcome' in order) return order;
      const settings = steering.settings();
      const now = performance.now();
      const wait = Math.max(waitMs(this.#pace, settings, now), this.#restUntil - now);
      if (wait > 0) {
        await steering.change(wait);
        continue;
      }
      await this.#takeOver(settings);
      if (steering.waiting() > 0 && now > this.#shareAgainAt) {
        this.#shareAgainAt = now + SHARE_EVERY_MS;
        const wanted = rangesFor(1 + steering.waiting());
        await this.#itinerary.share(this.link.main, { wanted, leastKeys: settings.batchSize });
        continue;
      }

      const keys = batchKeys(this.#pace, settings);
      this.#progress = furthest(this.#progress, steering.progress());
      let place: Place | null = null;
      let batch: Batch | null;
      try {
        const found = await this.#itinerary.place(this.link.main);
        if (found === null && this.#options.role === 'leads') return null;
        if (found === null || found === 'elsewhere') {
          this.#sharing = false;
          await steering.change(LOOK_AGAIN_MS);
          continue;
        }
        if (!this.#sharing) {
          this.#sharing = true;
          if (settings.rate !== null || settings.maxWalMb !== null) {
            this.#restUntil = performance.now() + KNOWN_AFTER_MS;
            continue;
          }
        }
        place = found;
        const { range, leaf } = place;
        this.#tried = null;
        const onKeys = (upTo: Key) => void (this.#tried = upTo);
        const wanted = { keys, ...this.#uncounted(settings), pulse: this.#pulse(), onKeys };
        this.#density = null;
        const parts = { ...this.#options, ranges: this.#ranges, leaf };
        const run = () => this.#cancel.cancellably(() => runBatch(this.link.main, parts, range, wanted));
        batch = settings.maxWalMb === null ? await run() : await measured(this.link, run);
        if (batch === null) {
          await this.#itinerary.end(this.link.main);
          continue;
        }
      } catch (error) {
        const end = await this.#failed(error, keys, place, steering);
        if (end !== null) return end;
        continue;
      }
      if (this.#lastError !== null) await this.#entry.write({ lastError: null });
      this.#done(batch, settings);
      const rest = order.kind === 'slow' ? (order.times - 1) * batch.ms : 0;
      this.#restUntil = performance.now() + rest;
      if (order.kind === 'slow') this.#entry.waits.lose(order.signal, rest, order.reason);
      if (this.#entry.waits.due()) await this.#entry.write({});
    }
  }

  /**
   * What may be changed without having been counted: what takes no longer than a batch that is too slow, whatever lies there. Under a limit
   * there is time to count; and once is enough to be wrong.
   */
  #uncounted({ rate, maxWalMb, batchTimeMs }: Settings): { density: Density | null; bearable: number } {
    const { msPerKey } = this.#pace;
    if (this.#misjudged || rate !== null || maxWalMb !== null || msPerKey === null)
      return { density: null, bearable: 0 };
    return { density: this.#density, bearable: (2 * batchTimeMs) / msPerKey };
  }

  /** Settings that were changed since the last batch. */
  async #takeOver(settings: Settings): Promise<void> {
    const { batchTimeMs, batchSize } = this.#settings;
    if (settings.batchTimeMs !== batchTimeMs) await batchSession(this.link.main, settings);
    if (settings.batchSize !== batchSize) this.#pace = { ...this.#pace, size: settings.batchSize, msPerKey: null };
    this.#settings = settings;
  }

  #done(batch: Batch, settings: Settings): void {
    const now = performance.now();
    this.#itinerary.moved(batch.range);
    this.#density = batch.density;
    this.#misjudged ||= batch.misjudged;
    this.#progress = added(this.#progress, batch);
    this.#failures = 0;
    this.#poison.passed();
    this.#lastError = null;
    this.#pace = afterBatch(this.#pace, settings, batch, now);
    this.#speed = addBatch(this.#speed, batch, now);
    this.#batchMs = batch.ms;
    const { rate, averageRate, eta } = this.#pulse();
    const { rowsDone, rowsVisited, rowsTotal, rowsTotalExact, batches } = this.#progress;
    this.#options.emit({
      event: 'progress',
      state: this.#entry.state(),
      rowsDone,
      rowsVisited,
      rowsTotal,
      rowsTotalExact,
      batches,
      rate,
      etaSeconds: eta?.seconds ?? null,
      etaRange: eta?.range ?? null,
      throttledBy: this.#permission.throttledBy(),
      lastError: this.#lastError,
      batchKeys: batch.keys,
      batchRows: batch.rows,
      batchMs: batch.ms,
      averageRate,
    });
  }

  /** Decides what a failed batch means: the end, or null to try a smaller one. Throws on what the whole run has to deal with. */
  async #failed(error: unknown, keys: number, place: Place | null, steering: Steering): Promise<End | null> {
    if (error instanceof LeaseLost || isOutage(error)) throw error;
    if (error instanceof TableReplaced || sqlstate(error) === SQLSTATE.undefined_table) {
      const gone = await whyGone(this.link.main, this.#options.job);
      if (gone !== null) return { outcome: 'failed', reason: gone, remaining: null };
      if (error instanceof TableReplaced) return null;
    }
    if (error instanceof TableRewritten) {
      this.#options.emit({ event: 'restarted', reason: error.message });
      await this.#itinerary.restart(this.link.main);
      return null;
    }
    if (await this.#hasMoved(error, place)) {
      // Looked up again, it has another name, or is left out.
      this.#itinerary.reset();
      return null;
    }
    if (error instanceof CheckpointMoved) {
      await this.#reload(this.link);
    } else if (!isSqlFailure(error)) {
      throw error;
    }
    if (this.#cancel.caused(error)) {
      return { outcome: 'paused', reason: 'the batch was cancelled', remaining: null };
    }
    const reason = `${this.#describe(place, keys)} failed: ${describeFailure(error)}`;
    if (isHopeless(error)) return { outcome: 'failed', reason, remaining: null };
    const ofRows = isOfRows(error);
    if (keys === 1 && ofRows && this.#options.skipPoison && place !== null) return this.#skip(place, error);
    this.#failures += 1;
    this.#lastError = reason;
    if (this.#failures >= MOST_FAILURES && keys === 1) {
      const advice = ofRows
        ? '; --skip-poison would leave it out'
        : isOfSize(error)
          ? '; a longer --batch-time gives it more time: a batch may take ten times as long, and never less than 5 s'
          : '';
      return {
        outcome: 'gave-up',
        reason: `${this.#failures} batches in a row failed; ${reason}${advice}`,
        remaining: null,
      };
    }
    this.#pace = afterFailure(this.#pace, keys);
    this.#options.emit({ event: 'batch-failed', reason, attempt: this.#failures });
    await this.#entry.write({ lastError: reason });
    // Fewer of the same rows need no patience.
    if (keys === 1 || !ofRows)
      await steering.change(Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.#failures));
    return null;
  }

  /** Leaves out the one key that fails by itself. */
  async #skip(place: Place, error: unknown): Promise<End | null> {
    if (this.#tried === null) return null;
    const moved = await this.#poison.skip(place, this.#tried, error);
    if (moved === null || 'outcome' in moved) return moved;
    this.#failures = 0;
    this.#itinerary.moved(moved);
    this.#progress = added(this.#progress, { keys: 1, rows: 0, range: moved });
    return null;
  }

  async #hasMoved(error: unknown, place: Place | null): Promise<boolean> {
    if (error instanceof LeafMoved) return true;
    if (place === null || place.leaf.oid === this.#options.job.target.oid || !isHopeless(error)) return false;
    return (await readLeafName(this.link.main, place.leaf.oid)) !== place.leaf.shown;
  }

  #describe(place: Place | null, keys: number): string {
    const { target } = this.#options.job;
    const table = place?.leaf.shown ?? target.shown;
    if (keys === 1 && this.#tried !== null) return `the key ${this.#tried.join(', ')} of ${table}`;
    const from = place?.range.lastKey ?? place?.range.lower ?? null;
    const after = from === null ? 'at the first key' : `after the key ${from.join(', ')}`;
    return `the batch of ${keys} ${after}${table === target.shown ? '' : ` of ${table}`}`;
  }

  /** After an outage only the database knows whether the last COMMIT happened: it goes on from the checkpoint there. */
  async #reconnect(error: unknown): Promise<void> {
    const { lease, open, reconnectForMs, pause, emit } = this.#options;
    emit({ event: 'reconnecting', reason: describeFailure(error) });
    await closeLink(this.link);
    const settle = async (link: Link): Promise<void> => {
      await lease.heartbeat(link.control);
      await lease.enlist(link.main);
      await this.#reload(link);
    };
    this.link = await reopenLink({ open, settle, forMs: reconnectForMs, stop: pause });
    emit({ event: 'reconnected' });
  }

  async #reload({ main }: Link): Promise<void> {
    const { store, job } = this.#options;
    this.#itinerary.reset();
    const stored = await store.load(main, job.name);
    if (stored === null) throw new Error(`the backfill ${job.name} was removed while it was running`);
    this.#progress = stored.progress;
    this.#entry.reloaded(stored);
    this.#permission.reloaded(stored);
  }

  #pulse(): Pulse {
    const now = performance.now();
    const { rowsTotal, rowsVisited } = this.#progress;
    const left =
      rowsTotal === null ? null : eta(this.#speed, Math.max(0, rowsTotal - rowsVisited), now, this.#settings.rate);
    return {
      rate: rowsPerSecond(this.#speed, now),
      averageRate: averageRowsPerSecond(this.#speed, now),
      batchMs: this.#batchMs,
      eta: left,
    };
  }

  #finished({ outcome, reason, remaining }: End): Ended {
    const { rowsDone, rowsVisited, batches } = this.#progress;
    const durationMs = performance.now() - this.#beganAt;
    return {
      name: this.#options.job.name,
      outcome,
      reason,
      rowsDone,
      rowsVisited,
      batches,
      keysSkipped: this.#poison.left(),
      durationMs,
      remaining,
    };
  }
}

async function measured(link: Link, run: () => Promise<Batch | null>): Promise<Batch | null> {
  const { result, wal } = await measuringWal(link, run);
  return result === null ? null : { ...result, wal };
}
