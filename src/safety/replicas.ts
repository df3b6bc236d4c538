import type { Session } from '../db/session.ts';
import { quoteIdent } from '../postgres/quote.ts';

/** How far one standby is behind. */
export interface StandbyLag {
  readonly name: string;
  /** Bytes since the beginning of the log. */
  readonly replayed: bigint;
  /** The age of the oldest sampled position that it has not replayed; 0 when it has them all. */
  readonly lagMs: number;
  /** False for one that was behind when the first sample was taken, and still is: then `lagMs` is the least it can be. */
  readonly known: boolean;
}

export type LagReading =
  /** The role may not see how far they are. */
  | { readonly kind: 'hidden'; readonly count: number; readonly role: string; readonly grant: string }
  | {
      readonly kind: 'seen';
      /** How far the server itself has written. */
      readonly position: bigint;
      /** The one furthest behind first. */
      readonly standbys: readonly StandbyLag[];
      /** One that was there before and has gone: a dead one simply vanishes from the view. */
      readonly missing: string | null;
    };

export interface LagQuestion {
  /** Standbys that have to be there, seen before or not. */
  readonly expect?: readonly string[];
  /** Standbys that do not matter. */
  readonly ignore?: readonly string[];
  /** Standbys that the server does not list, since they follow another one. */
  readonly others?: readonly Standby[];
}

/** Remembers what it sampled, so that it has to be read regularly. */
export interface LagMeter {
  read(session: Session, question?: LagQuestion): Promise<LagReading>;
}

interface Sender {
  readonly name: string;
  /** NULL for what the role may not see. */
  readonly state: string | null;
  readonly replayed: string | null;
}

export interface Standby {
  readonly name: string;
  /** Bytes since the beginning of the log. */
  readonly replayed: bigint;
}

interface Sample {
  readonly lsn: bigint;
  readonly at: number;
}

/** Enough for an hour of standing still at a sample a second. */
const MOST_SAMPLES = 3_600;

/**
 * Measures how far the direct standbys are behind: the age of the oldest sampled (position, time) pair that a standby has not replayed.
 * `replay_lag` of the view freezes on an idle system.
 */
export function lagMeter(now: () => number): LagMeter {
  let samples: Sample[] = [];
  let first: bigint | null = null;
  let timeline: string | null = null;
  const expected = new Map<string, number>();
  const lastSeen = new Map<string, bigint>();

  return {
    async read(session, { expect = [], ignore = [], others = [] } = {}) {
      const { position, timeline: current } = await currentPosition(session);
      if (timeline !== current) {
        // After a failover the log goes on elsewhere, and other standbys follow it.
        [timeline, first, samples] = [current, null, []];
        expected.clear();
        lastSeen.clear();
      }
      for (const name of ignore) {
        expected.delete(name);
        lastSeen.delete(name);
      }
      const senders = (await readSenders(session)).filter(({ name }) => !ignore.includes(name));
      const hidden = senders.filter(({ state }) => state === null).length;
      if (hidden > 0) return { kind: 'hidden', count: hidden, ...(await whoMayNot(session)) };

      const at = now();
      const direct = senders.flatMap(standby);
      const standbys = [...direct, ...others];
      const missing = expect.find((name) => !ignore.includes(name) && direct.every((one) => one.name !== name));
      const gone = missing ?? vanished(expected, direct);
      for (const [name, count] of countNames(direct)) expected.set(name, Math.max(count, expected.get(name) ?? 0));
      first ??= position;
      samples.push({ lsn: position, at });
      for (const name of new Set(standbys.map(({ name }) => name))) {
        lastSeen.set(
          name,
          least(
            standbys.flatMap((one) => (one.name === name ? [one.replayed] : [])),
            position,
          ),
        );
      }
      // Of one that has gone the samples stay, for when it comes back.
      const slowest = least([...lastSeen.values()], position);
      samples = thin(samples.filter(({ lsn }) => lsn > slowest));
      const since = first;
      return {
        kind: 'seen',
        position,
        standbys: standbys
          .map((one) => ({ ...one, lagMs: lagOf(samples, one.replayed, at), known: one.replayed >= since }))
          .sort((a, b) => b.lagMs - a.lagMs),
        missing: gone,
      };
    },
  };
}

async function whoMayNot(session: Session): Promise<{ readonly role: string; readonly grant: string }> {
  const [row] = await session.query<{ role: string }>('SELECT current_user AS role');
  const role = row?.role ?? session.connection.user;
  return { role, grant: `GRANT pg_monitor TO ${quoteIdent(role)};` };
}

async function currentPosition(session: Session): Promise<{ position: bigint; timeline: string }> {
  const [row] = await session.query<{ lsn: string; timeline: string }>(
    `SELECT w.lsn, pg_catalog.left(pg_catalog.pg_walfile_name(w.lsn), 8) AS timeline FROM pg_catalog.pg_current_wal_lsn() AS w (lsn)`,
  );
  return { position: toBytes(row?.lsn ?? '0/0'), timeline: row?.timeline ?? '' };
}

/** Logical subscribers confirm in their own time and serve no reads. */
function readSenders(session: Session): Promise<Sender[]> {
  return session.query<Sender>(
    `SELECT coalesce(nullif(r.application_name, ''), r.client_addr::pg_catalog.text, r.pid::pg_catalog.text) AS name, r.state,
            r.replay_lsn AS replayed
       FROM pg_catalog.pg_stat_replication r
      WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots s WHERE s.active_pid = r.pid AND s.slot_type = 'logical')`,
  );
}

/** A base backup and an archiver of the log receive it too, but replay nothing. */
function standby({ name, replayed }: Sender): Standby[] {
  return replayed === null ? [] : [{ name, replayed: toBytes(replayed) }];
}

function vanished(expected: ReadonlyMap<string, number>, standbys: readonly Standby[]): string | null {
  const present = countNames(standbys);
  for (const [name, count] of expected) if ((present.get(name) ?? 0) < count) return name;
  return null;
}

function countNames(standbys: readonly Standby[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { name } of standbys) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** The oldest one stays: it is the lag. */
function thin(samples: readonly Sample[]): Sample[] {
  return samples.length <= MOST_SAMPLES ? [...samples] : [...samples.slice(0, 1), ...samples.slice(2)];
}

function lagOf(samples: readonly Sample[], replayed: bigint, now: number): number {
  const oldest = samples.find(({ lsn }) => lsn > replayed);
  return oldest === undefined ? 0 : now - oldest.at;
}

function least(values: readonly bigint[], otherwise: bigint): bigint {
  return values.reduce((least, value) => (value < least ? value : least), otherwise);
}

/** `16/B374D848` counts in hexadecimal, the upper half first. */
export function toBytes(lsn: string): bigint {
  const [upper = '0', lower = '0'] = lsn.split('/');
  return (BigInt(`0x${upper}`) << 32n) + BigInt(`0x${lower}`);
}
