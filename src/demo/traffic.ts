import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionSettings } from '../db/connection.ts';
import { isConnectionLost } from '../db/errors.ts';
import { openSession, type Session } from '../db/session.ts';
import { type Figures, type LatencyRecorder, recordLatencies } from './latency.ts';

export const CONNECTIONS = 8;
export const REQUESTS_PER_SECOND = 200;

export interface Request {
  readonly sql: string;
  readonly values: readonly number[];
}

/** How the traffic is doing in the phase that is being measured. */
export interface Pulse extends Figures {
  /** Requests that are due and not answered. */
  readonly waiting: number;
  readonly longestWaitMs: number;
}

export interface Measured<T> {
  readonly value: T;
  readonly figures: Figures;
  readonly durationMs: number;
}

/**
 * An application under steady load. Requests are due at fixed times, whether or not those before them are answered, and their latency
 * counts from then: a stall is felt by everyone who comes during it, as in production, and not only by those who are already served.
 */
export interface Traffic {
  /** Measures what is due while `work` runs, until all of it is answered. `onPulse` hears of it several times a second. */
  measure<T>(work: () => Promise<T>, onPulse?: (pulse: Pulse) => void): Promise<Measured<T>>;
  /** Drops the connections at once. */
  stop(): void;
}

const PULSE_MS = 200;

/** Opens the connections and starts; throws a Problem when it cannot connect. */
export async function startTraffic(connection: ConnectionSettings, next: () => Request): Promise<Traffic> {
  const opening = Array.from({ length: CONNECTIONS }, () =>
    openSession(connection, { applicationName: 'shop', settings: { statement_timeout: '0' } }),
  );
  const opened = await Promise.allSettled(opening);
  const sessions = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = opened.find((one) => one.status === 'rejected');
  if (failed !== undefined) {
    for (const session of sessions) session.destroy();
    throw failed.reason;
  }
  return new OpenLoop(sessions, next);
}

interface Due {
  readonly at: number;
  readonly phase: Phase;
}

interface Phase {
  readonly latencies: LatencyRecorder;
  /** Due and not answered, oldest first. */
  readonly open: Set<Due>;
}

class OpenLoop implements Traffic {
  readonly #sessions: readonly Session[];
  readonly #next: () => Request;
  readonly #idle: Session[];
  readonly #queue: Due[] = [];
  #phase = newPhase();
  #dueAt = performance.now();
  #timer: NodeJS.Timeout;
  #lost: Error | null = null;

  constructor(sessions: readonly Session[], next: () => Request) {
    this.#sessions = sessions;
    this.#next = next;
    this.#idle = [...sessions];
    this.#timer = setTimeout(() => this.#arrive(), 0);
  }

  async measure<T>(work: () => Promise<T>, onPulse: (pulse: Pulse) => void = () => {}): Promise<Measured<T>> {
    const phase = newPhase();
    const startedAt = performance.now();
    this.#phase = phase;
    const ticking = setInterval(() => onPulse(pulse(phase)), PULSE_MS);
    try {
      const value = await work();
      this.#phase = newPhase();
      await this.#allAnswered(phase);
      return { value, figures: phase.latencies.figures(), durationMs: Math.round(performance.now() - startedAt) };
    } finally {
      clearInterval(ticking);
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#queue.length = 0;
    for (const session of this.#sessions) session.destroy();
  }

  #arrive(): void {
    const now = performance.now();
    for (; this.#dueAt <= now; this.#dueAt += 1000 / REQUESTS_PER_SECOND) {
      const due = { at: this.#dueAt, phase: this.#phase };
      due.phase.open.add(due);
      this.#queue.push(due);
    }
    this.#serve();
    this.#timer = setTimeout(() => this.#arrive(), this.#dueAt - now);
  }

  #serve(): void {
    while (this.#queue.length > 0) {
      const session = this.#idle.shift();
      if (session === undefined) return;
      const due = this.#queue.shift();
      if (due !== undefined) void this.#ask(session, due);
    }
  }

  async #ask(session: Session, due: Due): Promise<void> {
    const { latencies, open } = due.phase;
    const { sql, values } = this.#next();
    try {
      await session.query(sql, values);
      latencies.record(performance.now() - due.at);
    } catch (error) {
      latencies.fail();
      if (error instanceof Error && isConnectionLost(error)) this.#lost ??= error;
    }
    open.delete(due);
    this.#idle.push(session);
    this.#serve();
  }

  async #allAnswered({ open }: Phase): Promise<void> {
    while (open.size > 0 && this.#lost === null) await sleep(5);
    if (this.#lost !== null) throw this.#lost;
  }
}

function newPhase(): Phase {
  return { latencies: recordLatencies(), open: new Set() };
}

function pulse({ latencies, open }: Phase): Pulse {
  const [oldest] = open;
  return {
    ...latencies.figures(),
    waiting: open.size,
    longestWaitMs: oldest === undefined ? 0 : performance.now() - oldest.at,
  };
}
