import { setTimeout as sleep } from 'node:timers/promises';
import { isSqlFailure, sqlstate } from '../db/errors.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import { type Lease, LeaseLost, underLease } from '../safety/lease.ts';
import { type Batch, CheckpointMoved, LeafMoved, runBatch, TableReplaced, TableRewritten } from './batch.ts';
import type { Key } from './batches.ts';
import type { BackfillEvent, Ended } from './event.ts';
import { whyNotProved, withChain } from './chain.ts';
import { describeFailure, isHopeless, isOfRows, isOutage, rowHeld } from './failure.ts';
import { whyGone } from './gone.ts';
import { type Itinerary, openItinerary, type Place } from './itinerary.ts';
import type { Job } from './job.ts';
import { readLeafName } from './leaf.ts';
import { countLeft } from './left.ts';
import { batchSession, closeLink, type Link, reopenLink } from './link.ts';
import { after, type State, type Step } from './machine.ts';
import { afterBatch, afterFailure, batchKeys, type Pace, startPace, waitMs } from './pace.ts';
import { reopenRanges } from './plan.ts';
import { openRanges, type Pulse, type Range, type Ranges } from './ranges.ts';
import type { Remaining } from './remaining.ts';
import type { Settings } from './settings.ts';
import { furtherWorkers } from './share.ts';
import type { Signal } from './signals/signal.ts';
import { addBatch, averageRowsPerSecond, eta, rowsPerSecond, type Speed, startSpeed } from './speed.ts';
import { countSkipped, readSkipped, retryKey, skipKey, type SkipParts, writeSkipped } from './skipped.ts';
import { measuringWal } from './wal-meter.ts';
import { ASKED_TO_PAUSE, type Order, type Role, startSteering, type Steering } from './steering.ts';
import type { Change, Progress, Store, Stored } from './store.ts';
import { estimateRows } from './target.ts';
import { startWaits } from './waits.ts';

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

type Held = Extract<Order, { readonly kind: 'wait' }>;

interface End {
  readonly outcome: Ended['outcome'];
  readonly reason: string | null;
  readonly remaining: Remaining | null;
}

/** How each end is written down. */
const LAST_STEP: Readonly<Record<End['outcome'], Step>> = {
  succeeded: 'finish',
  paused: 'pause',
  'gave-up': 'pause',
  cancelled: 'cancel',
  failed: 'fail',
};

/** In a row, and at one key alone. */
const MOST_FAILURES = 5;
/** In a row: then it is not the rows. */
const MOST_SKIPPED = 100;
const WRITE_WITHIN_MS = 30_000;
const HOLD_MS = 1_000;
const TELL_EVERY_MS = 5_000;
const LOOK_AGAIN_MS = 300;
const OTHERS_WITHIN_MS = 10_000;
const KNOWN_AFTER_MS = 1_000;
const FIRST_BACKOFF_MS = 50;
const LONGEST_BACKOFF_MS = 5_000;
const CANCEL_AGAIN_MS = 200;

/** One process at work on one backfill. Owns the link from the moment it is made; `link` is the one to close. */
export class Runner {
  link: Link;
  readonly #options: RunnerOptions;
  readonly #beganAt = performance.now();
  readonly #ranges: Ranges;
  readonly #itinerary: Itinerary;
  #steering: Steering | undefined;
  #progress: Progress;
  #state: State;
  #throttledBy: string | null = null;
  #heldBy: string | null = null;
  #toldAt = 0;
  readonly #waits = startWaits();
  #lastError: string | null = null;
  #failures = 0;
  #skippedInARow = 0;
  #keysSkipped = 0;
  #passesBefore: number | undefined;
  /** The last key of the batch that was tried last. */
  #tried: Key | null = null;
  #pace: Pace;
  #speed: Speed;
  #batchMs: number | null = null;
  #restUntil = 0;
  #cancellable = false;
  /** Whether the other workers have heard that this one is at a range, and leave it its share. */
  #sharing: boolean;
  #settings: Settings;
  /** Ranges in which the last count found rows, back at the key before the first. */
  #left: Range[] = [];

  constructor(link: Link, options: RunnerOptions) {
    const { progress, settings, state } = options.begun;
    this.link = link;
    this.#options = options;
    const { job, store, lease, emit } = options;
    this.#ranges = openRanges(store.schema, job.name);
    this.#itinerary = openItinerary({
      job,
      lease,
      ranges: this.#ranges,
      onLeftOut: (table, reason) => emit({ event: 'left-out', table, reason }),
    });
    this.#sharing = options.role === 'leads';
    this.#progress = progress;
    this.#state = state;
    this.#settings = settings;
    // Where the last process had to go down with the size, this one does not go up at once.
    const size = Math.min(progress.batchKeys ?? settings.batchSize, settings.batchSize);
    this.#pace = startPace(size, performance.now());
    this.#speed = startSpeed(performance.now());
  }

  async run(): Promise<Ended> {
    const { cancelBatch } = this.#options;
    let again: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      // Between two statements of a batch a cancel does nothing.
      again = setTimeout(cancel, CANCEL_AGAIN_MS).unref();
      // Anything else is over in a moment, and must not be cut off: what is written then is how it ended.
      if (!this.#cancellable) return;
      this.link.control.query('SELECT pg_catalog.pg_cancel_backend($1)', [this.link.main.pid]).catch(() => undefined);
    };
    cancelBatch.addEventListener('abort', cancel);
    try {
      for (;;) {
        try {
          await batchSession(this.link.main, this.#settings);
          this.#steering = await this.#startSteering();
          const end = await this.#untilTheEnd(this.#steering);
          if (await this.#othersGoOn(end))
            return this.#finished({ ...end, reason: `${end.reason ?? ''}; other workers go on` });
          await this.#write({ ...this.#stateAfter(LAST_STEP[end.outcome]), ...closing(end, this.#progress) });
          return this.#finished(end);
        } catch (error) {
          await this.#steering?.stop();
          if (error instanceof CheckpointMoved) await this.#reload(this.link);
          else if (isOutage(error)) await this.#reconnect(error);
          else if (this.#wasCancelled(error)) continue;
          else throw error;
        } finally {
          await this.#steering?.stop();
        }
      }
    } finally {
      cancelBatch.removeEventListener('abort', cancel);
      clearTimeout(again);
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
    const before = (this.#passesBefore ??= await this.#countPassesBefore());
    for (;;) {
      do {
        const end = await this.#walk(steering);
        if (end !== null) return end;
      } while (await this.#itinerary.extend(this.link.main));
      const failed = await this.#retrySkipped(steering);
      if (failed !== null) return failed;
      this.#progress =
        (await this.#options.store.load(this.link.main, this.#options.job.name))?.progress ?? this.#progress;
      const remaining = await this.#verify(steering);
      if ('outcome' in remaining) return remaining;
      const skipped = this.#keysSkipped;
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
      await this.#nextPass(remaining.rows);
    }
  }

  /** A pass that an earlier run left unfinished is one of this run's. */
  async #countPassesBefore(): Promise<number> {
    const open = (await this.#ranges.list(this.link.main)).some(({ done, leftOut }) => !done && leftOut === null);
    return open ? this.#options.begun.progress.pass - 1 : this.#options.begun.progress.pass;
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
      const order = await this.#mayGoOn(steering);
      if ('outcome' in order) return order;
      const settings = steering.settings();
      const now = performance.now();
      const wait = Math.max(waitMs(this.#pace, settings, now), this.#restUntil - now);
      if (wait > 0) {
        await steering.change(wait);
        continue;
      }
      await this.#takeOver(settings);

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
        const wanted = { keys, pulse: this.#pulse(), onKeys: (upTo: Key) => void (this.#tried = upTo) };
        const parts = { ...this.#options, ranges: this.#ranges, leaf };
        const run = () => this.#cancellably(() => runBatch(this.link.main, parts, range, wanted));
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
      if (this.#lastError !== null) await this.#write({ lastError: null });
      this.#done(batch, settings);
      const rest = order.kind === 'slow' ? (order.times - 1) * batch.ms : 0;
      this.#restUntil = performance.now() + rest;
      if (order.kind === 'slow') this.#waits.lose(order.signal, rest, order.reason);
      if (this.#waits.due()) await this.#write({});
    }
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
    this.#progress = added(this.#progress, batch);
    this.#failures = 0;
    this.#skippedInARow = 0;
    this.#lastError = null;
    this.#pace = afterBatch(this.#pace, settings, batch, now);
    this.#speed = addBatch(this.#speed, batch, now);
    this.#batchMs = batch.ms;
    const { rate, averageRate, eta } = this.#pulse();
    const { rowsDone, rowsVisited, rowsTotal, rowsTotalExact, batches } = this.#progress;
    this.#options.emit({
      event: 'progress',
      state: this.#state,
      rowsDone,
      rowsVisited,
      rowsTotal,
      rowsTotalExact,
      batches,
      rate,
      etaSeconds: eta?.seconds ?? null,
      etaRange: eta?.range ?? null,
      throttledBy: this.#throttledBy,
      lastError: this.#lastError,
      batchKeys: batch.keys,
      batchRows: batch.rows,
      batchMs: batch.ms,
      averageRate,
    });
  }

  /** Waits until the order is to go, fast or slow; gives the end when it is to stop. */
  async #mayGoOn(steering: Steering): Promise<End | Extract<Order, { kind: 'go' | 'slow' }>> {
    for (;;) {
      const order = steering.order();
      switch (order.kind) {
        case 'broken':
          throw order.error;
        case 'pause':
          return { outcome: 'paused', reason: order.reason, remaining: null };
        case 'cancel':
          return { outcome: 'cancelled', reason: order.reason, remaining: null };
        case 'wait':
          await this.#throttle(order);
          await this.#hold(order, steering);
          break;
        case 'go':
        case 'slow':
          if (this.#throttledBy !== null) await this.#unthrottle();
          return order;
      }
    }
  }

  async #hold({ signal, reason }: Held, steering: Steering): Promise<void> {
    const since = performance.now();
    await steering.change(HOLD_MS);
    this.#waits.lose(signal, performance.now() - since, reason);
    if (this.#waits.due()) await this.#write({});
  }

  async #throttle({ signal, reason }: Held): Promise<void> {
    if (this.#throttledBy === reason) return;
    // Reasons have figures in them: another one is news, but not for the books every time.
    const same = this.#throttledBy !== null && this.#heldBy === signal;
    if (!same) this.#waits.begin(signal);
    if (same && performance.now() - this.#toldAt < TELL_EVERY_MS) return;
    await this.#write({ ...this.#stateAfter('throttle'), throttledBy: reason });
    this.#throttledBy = reason;
    this.#heldBy = signal;
    this.#toldAt = performance.now();
    this.#options.emit({ event: 'throttled', reason });
  }

  async #unthrottle(): Promise<void> {
    await this.#write({ ...this.#stateAfter('go'), throttledBy: null });
    this.#throttledBy = null;
    this.#options.emit({ event: 'unthrottled' });
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
    if (this.#wasCancelled(error)) {
      return { outcome: 'paused', reason: 'the batch was cancelled', remaining: null };
    }
    const reason = `${this.#describe(place, keys)} failed: ${describeFailure(error)}`;
    if (isHopeless(error)) return { outcome: 'failed', reason, remaining: null };
    const ofRows = isOfRows(error);
    if (keys === 1 && ofRows && this.#options.skipPoison && place !== null) return this.#skip(place, error);
    this.#failures += 1;
    this.#lastError = reason;
    if (this.#failures >= MOST_FAILURES && keys === 1) {
      const advice = ofRows ? '; --skip-poison would leave it out' : '';
      return {
        outcome: 'gave-up',
        reason: `${this.#failures} batches in a row failed; ${reason}${advice}`,
        remaining: null,
      };
    }
    this.#pace = afterFailure(this.#pace, keys);
    this.#options.emit({ event: 'batch-failed', reason, attempt: this.#failures });
    await this.#write({ lastError: reason });
    // Fewer of the same rows need no patience.
    if (keys === 1 || !ofRows)
      await steering.change(Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.#failures));
    return null;
  }

  /** Leaves out the one key that fails by itself. */
  async #skip({ leaf, range }: Place, error: unknown): Promise<End | null> {
    const key = this.#tried;
    if (key === null) return null;
    if (this.#skippedInARow === MOST_SKIPPED) {
      const reason = `${MOST_SKIPPED} keys in a row failed; the key ${key.join(', ')} of ${leaf.shown} failed: ${describeFailure(error)}`;
      return { outcome: 'gave-up', reason, remaining: null };
    }
    const moved = await skipKey(this.link.main, this.#skipParts(), { leaf, range, key, error });
    if (moved === null) return null;
    this.#skippedInARow += 1;
    this.#failures = 0;
    this.#itinerary.moved(moved);
    this.#progress = added(this.#progress, { keys: 1, rows: 0, range: moved });
    this.#options.emit({ event: 'skipped', table: leaf.shown, key, reason: describeFailure(error) });
    return null;
  }

  /** The keys that were left out, once more; the end where one fails again and may not be left out. */
  async #retrySkipped(steering: Steering): Promise<End | null> {
    const { job, store, skipPoison } = this.#options;
    for (const skipped of await readSkipped(this.link.main, store.schema, job.name)) {
      for (let attempt = 1; ; attempt += 1) {
        const order = await this.#mayGoOn(steering);
        if ('outcome' in order) return order;
        try {
          const rows = await this.#cancellably(() => retryKey(this.link.main, this.#skipParts(), skipped));
          this.#progress = { ...this.#progress, rowsDone: this.#progress.rowsDone + rows };
          break;
        } catch (error) {
          if (!isSqlFailure(error) || isOutage(error)) throw error;
          if (this.#wasCancelled(error))
            return { outcome: 'paused', reason: 'the batch was cancelled', remaining: null };
          const { tableOid: oid, table: shown, key } = skipped;
          if (skipPoison && isOfRows(error)) {
            await underLease(this.link.main, this.#options.lease, async () => {
              await writeSkipped(this.link.main, store.schema, job.name, { leaf: { oid, shown }, key, error });
            });
            break;
          }
          if (isOfRows(error) || attempt === MOST_FAILURES) {
            const reason = `the key ${key.join(', ')} of ${shown}, which was left out before, failed again: ${describeFailure(error)}`;
            return { outcome: 'gave-up', reason, remaining: null };
          }
          await steering.change(FIRST_BACKOFF_MS * 2 ** attempt);
        }
      }
    }
    this.#keysSkipped = await countSkipped(this.link.main, store.schema, job.name);
    return null;
  }

  #skipParts(): SkipParts {
    const { job, store, lease } = this.#options;
    return { job, lease, schema: store.schema, ranges: this.#ranges };
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

  async #verify(steering: Steering): Promise<Remaining | End> {
    const { job, store, emit } = this.#options;
    const { statement } = job;
    if (statement.progress.kind === 'tells') emit({ event: 'verifying' });
    let end: End | null = null;
    const mayGoOn = async (): Promise<boolean> => {
      const order = await this.#mayGoOn(steering);
      end = 'outcome' in order ? order : null;
      return end === null;
    };
    try {
      const keys = steering.settings().maxBatchSize;
      const gone = await whyGone(this.link.main, job);
      if (gone !== null) return { outcome: 'failed', reason: gone, remaining: null };
      const stretches = await this.#ranges.list(this.link.main);
      this.#left = [];
      const onLeft = (range: Range, lastKey: Key | null): void => void this.#left.push({ ...range, lastKey });
      const remaining = await this.#cancellably(() =>
        countLeft(this.link.main, { job, stretches, keys, mayGoOn, onLeft }),
      );
      if (remaining !== null)
        return await withChain(this.link.main, { job, schema: store.schema, name: job.name }, remaining);
      return end ?? { kind: 'cannot-tell', reason: 'the count was interrupted' };
    } catch (error) {
      if (!isSqlFailure(error) || isOutage(error)) throw error;
      if (this.#options.cancelBatch.aborted)
        return { outcome: 'paused', reason: 'the count was cancelled', remaining: null };
      return { kind: 'cannot-tell', reason: `the count failed: ${describeFailure(error)}` };
    }
  }

  async #nextPass(rowsLeft: number): Promise<void> {
    const { job, store, lease, emit } = this.#options;
    const { main } = this.link;
    const { rows } = await estimateRows(main, job.target);
    const pass = this.#progress.pass + 1;
    const rowsTotal = { rows: this.#progress.rowsVisited + rows, exact: false };
    await underLease(main, lease, async () => {
      await reopenRanges(main, this.#ranges, this.#left, pass);
      await store.write(main, job.name, { rowsTotal });
    });
    this.#progress = { ...this.#progress, pass, rowsTotal: rowsTotal.rows, rowsTotalExact: false };
    emit({ event: 'pass', pass, rowsLeft });
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
    this.#state = stored.state;
    this.#throttledBy = stored.throttledBy;
  }

  /** Every word in the books is written under the lease, also when a person's open transaction holds the row for a while. */
  async #write(change: Change): Promise<void> {
    const { store, job, lease } = this.#options;
    if (this.#options.role === 'further') return;
    const { main } = this.link;
    const deadline = performance.now() + WRITE_WITHIN_MS;
    for (;;) {
      try {
        await underLease(main, lease, async () => {
          await store.write(main, job.name, change);
          await this.#waits.write(main, store.schema, job.name);
        });
        this.#waits.written();
        this.#state = change.state ?? this.#state;
        return;
      } catch (error) {
        // The cancel was meant for the batch, which was over before it came.
        if (this.#wasCancelled(error)) continue;
        if (sqlstate(error) !== SQLSTATE.lock_not_available) throw error;
        if (performance.now() > deadline) throw rowHeld(job.name, store.schema, error);
      }
    }
  }

  async #cancellably<T>(work: () => Promise<T>): Promise<T> {
    this.#cancellable = true;
    try {
      return await work();
    } finally {
      this.#cancellable = false;
    }
  }

  #wasCancelled(error: unknown): boolean {
    return this.#options.cancelBatch.aborted && sqlstate(error) === SQLSTATE.query_canceled;
  }

  #stateAfter(step: Step): { state: State } {
    if (this.#options.role === 'further') return { state: this.#state };
    // A pause that was asked for is written by the steering; any state that it can have written leads on from here.
    const state = after(this.#state, step);
    if (state === null) throw new Error(`a backfill that is ${this.#state} cannot ${step}`);
    return { state };
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
      keysSkipped: this.#keysSkipped,
      durationMs,
      remaining,
    };
  }
}

async function measured(link: Link, run: () => Promise<Batch | null>): Promise<Batch | null> {
  const { result, wal } = await measuringWal(link, run);
  return result === null ? null : { ...result, wal };
}

/** What others have done is known a moment later than one's own. */
function furthest(own: Progress, all: Progress): Progress {
  return all.rowsVisited > own.rowsVisited ? all : own;
}

function added(before: Progress, { keys, rows, range }: Pick<Batch, 'keys' | 'rows' | 'range'>): Progress {
  const rowsVisited = before.rowsVisited + keys;
  const beyond = before.rowsTotal !== null && rowsVisited > before.rowsTotal;
  return {
    ...before,
    rowsDone: before.rowsDone + rows,
    rowsVisited,
    rowsTotal: beyond ? rowsVisited : before.rowsTotal,
    rowsTotalExact: before.rowsTotalExact && !beyond,
    batches: before.batches + 1,
    batchKeys: range.batchKeys,
  };
}

/** What the books say at an end, beside the state. */
function closing({ outcome, reason }: End, { rowsVisited }: Progress): Change {
  const always: Change = { throttledBy: null };
  if (outcome === 'succeeded') {
    return { ...always, lastError: null, finished: true, rowsTotal: { rows: rowsVisited, exact: true } };
  }
  if (outcome === 'paused') return always;
  if (outcome === 'gave-up') return { ...always, lastError: reason };
  return { ...always, finished: true, ...(outcome === 'failed' ? { lastError: reason } : {}) };
}
