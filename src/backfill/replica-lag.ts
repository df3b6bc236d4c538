import { formatDuration } from '../duration.ts';
import { lagMeter, type StandbyLag } from '../safety/replicas.ts';
import type { Signal, Verdict } from './signals.ts';

/** From this share of the limit on, half speed. */
const SLOW_FROM = 0.5;

/** How far the direct standbys are behind. A standby that was there before and has gone says stop. */
export function replicaLag(now: () => number): Signal {
  const meter = lagMeter(now);
  return {
    name: 'replica lag',
    async read(session, { settings: { maxLagMs } }) {
      const reading = await meter.read(session);
      if (reading.kind === 'hidden') {
        const { count, role, grant } = reading;
        return { kind: 'stop', reason: `there are ${count} standbys whose lag ${role} may not see: ${grant}` };
      }
      if (reading.missing !== null) {
        return {
          kind: 'stop',
          reason: `the standby ${reading.missing} has gone from pg_stat_replication; bring it back, or pause and run again to go on without it`,
        };
      }
      const [behind] = reading.standbys;
      return behind === undefined ? { kind: 'go' } : judge(behind, maxLagMs);
    },
  };
}

function judge({ name, lagMs }: StandbyLag, maxLagMs: number): Verdict {
  const shown = `the standby ${name} is ${(lagMs / 1000).toFixed(1)} s behind (max-lag ${formatDuration(maxLagMs)})`;
  if (lagMs > maxLagMs) return { kind: 'stop', reason: shown };
  return lagMs > maxLagMs * SLOW_FROM ? { kind: 'slow', times: 2, reason: shown } : { kind: 'go' };
}
