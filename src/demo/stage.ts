import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionSettings } from '../db/connection.ts';
import type { BackfillGate } from '../migrate/backfill-gate.ts';
import type { Runner } from '../migrate/ledger.ts';
import type { Connect, Database } from './databases.ts';
import type { DemoEvent } from './event.ts';
import type { PhaseReport } from './report.ts';
import { nextRequest } from './shop.ts';
import { startTraffic } from './traffic.ts';

export interface DemoOptions {
  readonly runner: Runner;
  /** What `apply` asks about backfills; migrate and backfill do not know each other. */
  readonly gate: (connection: ConnectionSettings) => BackfillGate;
  /** Aborted, the demo stops, removes the server and throws. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: DemoEvent) => void;
}

/** What every act of the demo needs. */
export interface Stage extends DemoOptions {
  readonly connect: Connect;
}

/** Does `work` and keeps what the traffic felt meanwhile. */
export type Measure = <T>(phase: Pick<PhaseReport, 'name' | 'kind'>, work: () => Promise<T>) => Promise<T>;

/** Until connections, caches and the compiler have settled. */
const WARM_UP_MS = 700;

/** Lets the application use a database while `work` runs; `phases` takes what is measured. */
export async function underTraffic<T>(
  { connect, signal, onEvent }: Stage,
  database: Database,
  phases: PhaseReport[],
  work: (measure: Measure) => Promise<T>,
): Promise<T> {
  const traffic = await startTraffic(connect(database, 'app'), nextRequest);
  try {
    await sleep(WARM_UP_MS, undefined, { signal });
    return await work(async (phase, measured) => {
      onEvent({ event: 'measuring', phase: phase.name });
      const { value, figures, durationMs } = await traffic.measure(measured, (pulse) =>
        onEvent({ event: 'pulse', pulse }),
      );
      signal.throwIfAborted();
      const report = { ...phase, ...figures, durationMs };
      phases.push(report);
      onEvent({ event: 'measured', phase: report });
      return value;
    });
  } finally {
    traffic.stop();
  }
}
