import { formatDuration } from '../../duration.ts';
import { lagMeter, type StandbyLag } from '../../safety/replicas.ts';
import { cascadedStandbys, type Environment } from './cascaded.ts';
import { judge, type Signal, type Verdict } from './signal.ts';

/** From this share of the limit on, half speed. */
const SLOW_FROM = 0.5;

export interface LagSignal extends Signal {
  /** Of the standby that is furthest behind, when it was last read; null where there is none or it cannot be seen. */
  lagMs(): number | null;
}

/** How far standbys are behind: the direct ones, and those with a URL of their own. One that was there before and has gone says stop. */
export function replicaLag(now: () => number, environment: Environment = {}): LagSignal {
  const meter = lagMeter(now);
  const cascaded = cascadedStandbys(environment);
  let lagMs: number | null = null;
  return {
    name: 'replica lag',
    lagMs: () => lagMs,
    async read(session, { settings }) {
      const { maxLagMs, expectReplicas, ignoreReplicas, replicaUrlEnvs } = settings;
      const asked = replicaUrlEnvs.filter((name) => !ignoreReplicas.includes(name));
      const others = await cascaded.read(session, asked);
      const reading = await meter.read(session, { expect: expectReplicas, ignore: ignoreReplicas, others });
      lagMs = reading.kind === 'hidden' ? null : (reading.standbys[0]?.lagMs ?? null);
      if (reading.kind === 'hidden') {
        const { count, role, grant } = reading;
        return { kind: 'stop', reason: `there are ${count} standbys whose lag ${role} may not see: ${grant}` };
      }
      if (reading.missing !== null) {
        return {
          kind: 'stop',
          reason: `the standby ${reading.missing} is not in pg_stat_replication; bring it back, or go on without it by ignore-replica ${reading.missing}`,
        };
      }
      // One that is behind by an unknown time is not less behind than one that is known to be.
      const unknown = reading.standbys.find(({ known }) => !known);
      if (unknown !== undefined) return stillUnknown(unknown, reading.position);
      const [behind] = reading.standbys;
      return behind === undefined ? { kind: 'go' } : judge(behind.lagMs, maxLagMs, shown(behind, maxLagMs), SLOW_FROM);
    },
    close: () => cascaded.close(),
  };
}

function shown({ name, lagMs }: StandbyLag, maxLagMs: number): string {
  return `the standby ${name} is ${(lagMs / 1000).toFixed(1)} s behind (max-lag ${formatDuration(maxLagMs)})`;
}

function stillUnknown({ name, replayed, lagMs }: StandbyLag, position: bigint): Verdict {
  const megabytes = (Number(position - replayed) / 1024 ** 2).toFixed(1);
  return {
    kind: 'stop',
    reason: `the standby ${name} is ${megabytes} MB and at least ${(lagMs / 1000).toFixed(1)} s behind; it has not replayed yet what was written before we looked`,
  };
}
