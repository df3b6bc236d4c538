import type { Session } from '../db/session.ts';
import { formatDuration } from '../duration.ts';
import { quoteIdent } from '../postgres/quote.ts';
import type { Signal, Verdict } from './signals.ts';

interface Sender {
  readonly name: string;
  /** NULL for what the role may not see. */
  readonly state: string | null;
  readonly replayed: string | null;
}

interface Sample {
  /** Bytes since the beginning of the log. */
  readonly lsn: bigint;
  readonly at: number;
}

/** Enough for an hour of standing still at a sample a second. */
const MOST_SAMPLES = 3_600;

/** From this share of the limit on, half speed. */
const SLOW_FROM = 0.5;

/**
 * How far the direct standbys are behind: the age of the oldest sampled (position, time) pair that a standby has not replayed, 0 when
 * it has them all. `replay_lag` of the view freezes on an idle system. A standby that was there before and has gone says stop: a dead
 * one simply vanishes from the view.
 */
export function replicaLag(now: () => number): Signal {
  let samples: Sample[] = [];
  const expected = new Map<string, number>();

  return {
    name: 'replica lag',
    async read(session, { settings: { maxLagMs } }) {
      const position = await currentPosition(session);
      const senders = await readSenders(session);
      const hidden = senders.filter(({ state }) => state === null).length;
      if (hidden > 0) return notAllowed(session, hidden);

      const at = now();
      const standbys = senders.filter(isStandby);
      const missing = vanished(expected, standbys);
      for (const [name, count] of countNames(standbys)) expected.set(name, Math.max(count, expected.get(name) ?? 0));
      samples.push({ lsn: position, at });
      const slowest = least(
        standbys.map(({ replayed }) => toBytes(replayed ?? '0/0')),
        position,
      );
      samples = thin(samples.filter(({ lsn }) => lsn > slowest));
      if (missing !== null) {
        return {
          kind: 'stop',
          reason: `the standby ${missing} has gone from pg_stat_replication; bring it back, or pause and run again to go on without it`,
        };
      }
      const behind = standbys
        .map(({ name, replayed }) => ({ name, lagMs: lagOf(samples, toBytes(replayed ?? '0/0'), at) }))
        .sort((a, b) => b.lagMs - a.lagMs)[0];
      return behind === undefined ? { kind: 'go' } : judge(behind, maxLagMs);
    },
  };
}

function judge({ name, lagMs }: { name: string; lagMs: number }, maxLagMs: number): Verdict {
  const shown = `the standby ${name} is ${(lagMs / 1000).toFixed(1)} s behind (max-lag ${formatDuration(maxLagMs)})`;
  if (lagMs > maxLagMs) return { kind: 'stop', reason: shown };
  return lagMs > maxLagMs * SLOW_FROM ? { kind: 'slow', times: 2, reason: shown } : { kind: 'go' };
}

async function notAllowed(session: Session, hidden: number): Promise<Verdict> {
  const [row] = await session.query<{ role: string }>('SELECT current_user AS role');
  const role = quoteIdent(row?.role ?? session.connection.user);
  return {
    kind: 'stop',
    reason: `there are ${hidden} standbys whose lag ${role} may not see: GRANT pg_monitor TO ${role};`,
  };
}

async function currentPosition(session: Session): Promise<bigint> {
  const [row] = await session.query<{ lsn: string }>('SELECT pg_catalog.pg_current_wal_lsn() AS lsn');
  return toBytes(row?.lsn ?? '0/0');
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
function isStandby({ replayed }: Sender): boolean {
  return replayed !== null;
}

function vanished(expected: ReadonlyMap<string, number>, standbys: readonly Sender[]): string | null {
  const present = countNames(standbys);
  for (const [name, count] of expected) if ((present.get(name) ?? 0) < count) return name;
  return null;
}

function countNames(standbys: readonly Sender[]): Map<string, number> {
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
function toBytes(lsn: string): bigint {
  const [upper = '0', lower = '0'] = lsn.split('/');
  return (BigInt(`0x${upper}`) << 32n) + BigInt(`0x${lower}`);
}
