import { formatDuration } from '../../duration.ts';
import { lagMeter, type StandbyLag } from '../../safety/replicas.ts';
import { type Lag, LAG_UNKNOWN, NO_STANDBY } from '../lag.ts';
import { cascadedStandbys, type Environment } from './cascaded.ts';
import { judge, type Signal, type Verdict } from './signal.ts';

/** From this share of the limit on, half speed. */
const SLOW_FROM = 0.5;

export interface LagSignal extends Signal {
  /** As it was last read. */
  lag(): Lag;
}

/** How far standbys are behind: the direct ones, and those with a URL of their own. One that was there before and has gone says stop. */
export function replicaLag(now: () => number, environment: Environment = {}): LagSignal {
  const meter = lagMeter(now);
  const cascaded = cascadedStandbys(environment);
  let lag: Lag = LAG_UNKNOWN;
  return {
    name: 'replica lag',
    lag: () => lag,
    async read(session, { settings }) {
      const { maxLagMs, expectReplicas, ignoreReplicas, replicaUrlEnvs } = settings;
      // What was read before is not known any more, should this fail.
      lag = LAG_UNKNOWN;
      const asked = replicaUrlEnvs.filter((name) => !ignoreReplicas.includes(name));
      const others = await cascaded.read(session, asked);
      const reading = await meter.read(session, { expect: expectReplicas, ignore: ignoreReplicas, others });
      if (reading.kind === 'hidden') {
        const { count, role, grant } = reading;
        return { kind: 'stop', reason: `there are ${count} standbys whose lag ${role} may not see: ${grant}` };
      }
      lag = lagOf(reading.standbys, reading.missing !== null);
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

/** Of one that has gone nobody knows how far behind it is. */
function lagOf(standbys: readonly StandbyLag[], gone: boolean): Lag {
  const [behind] = standbys;
  if (gone) return LAG_UNKNOWN;
  if (behind === undefined) return NO_STANDBY;
  return { kind: standbys.every(({ known }) => known) ? 'known' : 'at-least', ms: behind.lagMs };
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
