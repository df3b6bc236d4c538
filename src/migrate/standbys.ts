import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionSettings } from '../db/connection.ts';
import { withSession, type Session } from '../db/session.ts';
import { formatDuration, roughDuration } from '../duration.ts';
import { Problem } from '../problem.ts';
import { type LagReading, lagMeter, type StandbyLag } from '../safety/replicas.ts';
import { CONTROL_SETTINGS } from '../safety/limits.ts';
import type { ApplyEvent } from './result.ts';
import { stop, type Stop } from './stop.ts';

export interface StandbyOptions {
  readonly connection: ConnectionSettings;
  /** How far standbys may be behind between two migrations. */
  readonly maxLagMs: number;
  /** How long to wait for them. */
  readonly giveUpAfterMs: number;
  readonly signal: AbortSignal;
  readonly emit: (event: ApplyEvent) => void;
}

export interface Standbys {
  /** Waits until all of them have what has been written so far, or are close enough; `next` is the migration that waits, null after the last one. */
  catchUp(next: string | null): Promise<Stop | null>;
}

type Seen = Extract<LagReading, { readonly kind: 'seen' }>;

/** Lag can only be told from samples, so they are taken all the time, also while a migration runs. */
const SAMPLE_MS = 500;
const POLL_MS = 100;

/** Watches the standbys while `work` runs, on a session of its own. Throws a Problem where the role may not see how far they are. */
export async function withStandbys<T>(options: StandbyOptions, work: (standbys: Standbys) => Promise<T>): Promise<T> {
  const session = { applicationName: 'tiptoe: standbys', settings: CONTROL_SETTINGS };
  return withSession(options.connection, session, async (session) => {
    const meter = lagMeter(() => performance.now());
    const read = async () => seen(await meter.read(session), session);
    if ((await read()).standbys.length === 0)
      options.emit({ event: 'warning', path: null, message: 'There are no standbys to wait for.' });
    const stopped = new AbortController();
    const sampling = sample(read, stopped.signal);
    try {
      return await work({ catchUp: (next) => catchUp(read, options, next) });
    } finally {
      stopped.abort();
      await sampling;
    }
  });
}

/** What fails here fails again where it is asked for, and is told there. */
async function sample(read: () => Promise<Seen>, stopped: AbortSignal): Promise<void> {
  while (!stopped.aborted) {
    await sleep(SAMPLE_MS, undefined, { signal: stopped }).catch(() => undefined);
    if (!stopped.aborted) await read().catch(() => undefined);
  }
}

function seen(reading: LagReading, { connection }: Session): Seen {
  if (reading.kind === 'seen') return reading;
  const { count, role, grant } = reading;
  throw new Problem(
    `Role ${role} may not see how far the ${count === 1 ? 'standby is' : `${count} standbys are`} behind in database ${connection.database}.`,
    { advice: `As a superuser: ${grant} or leave --wait-for-replicas out.` },
  );
}

async function catchUp(
  read: () => Promise<Seen>,
  { maxLagMs, giveUpAfterMs, signal, emit }: StandbyOptions,
  next: string | null,
): Promise<Stop | null> {
  const started = performance.now();
  let target: bigint | null = null;
  for (;;) {
    const reading = await read();
    const written = (target ??= reading.position);
    const behind = reading.standbys.find(
      ({ replayed, known, lagMs }) => replayed < written && (!known || lagMs >= maxLagMs),
    );
    if (reading.missing === null && behind === undefined) return null;
    if (performance.now() - started > giveUpAfterMs)
      return notCaughtUp(reading, behind, { maxLagMs, giveUpAfterMs }, next);
    emit({
      event: 'waiting-for-replicas',
      path: next,
      standby: reading.missing ?? behind?.name ?? '',
      lagMs: reading.missing === null && behind?.known === true ? Math.round(behind.lagMs) : null,
    });
    await sleep(POLL_MS, undefined, { signal });
  }
}

function notCaughtUp(
  { missing }: Seen,
  behind: StandbyLag | undefined,
  { maxLagMs, giveUpAfterMs }: Pick<StandbyOptions, 'maxLagMs' | 'giveUpAfterMs'>,
  next: string | null,
): Stop {
  const rest = next === null ? 'all migrations are applied' : `${next} was not begun`;
  if (missing !== null) {
    return stop(
      'replicas-behind',
      `The standby ${missing} has gone from pg_stat_replication and did not come back within ${roughDuration(giveUpAfterMs)}; ${rest}.`,
      'Bring it back, or run again to go on without it.',
    );
  }
  const lag = behind === undefined ? '' : ` (${behind.known ? '' : 'at least '}${roughDuration(behind.lagMs)} behind)`;
  return stop(
    'replicas-behind',
    `The standby ${behind?.name ?? ''}${lag} did not come within ${formatDuration(maxLagMs)} in ${roughDuration(giveUpAfterMs)}; ${rest}.`,
    'Run again when it has caught up, or give it longer with --give-up-after 1h.',
  );
}
