import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { BackfillEvent, BackfillProgress } from '../backfill/event.ts';
import { type State, STATES } from '../backfill/machine.ts';
import { Problem } from '../problem.ts';

export interface MetricsOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** The backfill. */
  readonly name: string;
}

export interface MetricsServer {
  readonly url: string;
  observe(event: BackfillEvent): void;
  close(): void;
}

const DURATIONS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Serves Prometheus text on `/metrics`; throws a Problem (exit 2) where it cannot listen. */
export async function serveMetrics({ host, port, name }: MetricsOptions): Promise<MetricsServer> {
  const { registry, observe } = backfillMetrics(name);
  const server = createServer((request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('The metrics are at /metrics.\n');
      return;
    }
    void registry.metrics().then((text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text));
  });
  // A backfill that is done does not wait for whoever watched it.
  server.unref();
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new Problem(`--metrics-port: ${error instanceof Error ? error.message : String(error)}.`, {
      advice: 'Choose another port, or 0 for any that is free; --metrics-host is an address of this machine.',
      cause: error,
    });
  }
  const { address, family, port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}/metrics`,
    observe,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function backfillMetrics(name: string): { registry: Registry; observe: (event: BackfillEvent) => void } {
  const registry = new Registry();
  registry.setDefaultLabels({ backfill: name });
  const registers = [registry];
  const counter = <T extends string>(metric: string, help: string, labelNames: readonly T[] = []) =>
    new Counter({ name: `tiptoe_backfill_${metric}`, help, labelNames, registers });
  const gauge = <T extends string>(metric: string, help: string, labelNames: readonly T[] = []) =>
    new Gauge({ name: `tiptoe_backfill_${metric}`, help, labelNames, registers });

  const rows = counter('rows_changed_total', 'Rows that the statement has changed, in all runs.');
  const keys = counter('keys_visited_total', 'Keys walked, in all runs and passes.');
  const batches = counter('batches_total', 'Batches committed, in all runs.');
  const failures = counter('batch_failures_total', 'Batches of this run that failed and were tried again.');
  const total = gauge('keys', 'Keys to walk; an estimate where exact is false.', ['exact']);
  const left = gauge('eta_seconds', 'Seconds until the end, by the last ten seconds and by the whole run.', ['bound']);
  const state = gauge('state', '1 for the state that it is in, 0 for the others.', ['state']);
  const lag = gauge('replica_lag_seconds', 'How far the standby that is furthest behind is behind.');
  // Without a label it would begin at 0.
  lag.remove();
  const dead = gauge('dead_rows', 'Dead rows of the table, by the statistics of the server.');
  const lost = counter('throttled_seconds_total', 'Time lost to each signal, in all runs.', ['signal']);
  const lastBatch = gauge('last_batch_timestamp_seconds', 'When the last batch was committed.');
  const duration = new Histogram({
    name: 'tiptoe_backfill_batch_duration_seconds',
    help: 'How long batches of this run took.',
    buckets: DURATIONS,
    registers,
  });

  const setState = (now: State): void => {
    for (const one of Object.keys(STATES)) state.set({ state: one }, one === now ? 1 : 0);
  };
  // The books count on where the last process stopped, and so do these.
  const setTo = (metric: Counter, value: number): void => {
    metric.reset();
    metric.inc(value);
  };
  const progress = (now: BackfillProgress): void => {
    setState(now.state);
    setTo(rows, now.rowsDone);
    setTo(keys, now.rowsVisited);
    setTo(batches, now.batches);
    total.reset();
    if (now.rowsTotal !== null) total.set({ exact: String(now.rowsTotalExact) }, now.rowsTotal);
    left.reset();
    if (now.etaRange === null) return;
    left.set({ bound: 'low' }, now.etaRange[0]);
    left.set({ bound: 'high' }, now.etaRange[1]);
  };

  setState('pending');
  return {
    registry,
    observe(event) {
      switch (event.event) {
        case 'started':
          setState('running');
          break;
        case 'progress':
          progress(event);
          duration.observe(event.batchMs / 1000);
          lastBatch.setToCurrentTime();
          break;
        case 'throttled':
          left.reset();
          setState('throttled');
          break;
        case 'unthrottled':
          setState('running');
          break;
        case 'batch-failed':
          failures.inc();
          break;
        case 'figures':
          lag.reset();
          if (event.replicaLagMs === null) lag.remove();
          else lag.set(event.replicaLagMs / 1000);
          dead.set(event.deadRows);
          lost.reset();
          for (const { signal, seconds } of event.timeLost) lost.inc({ signal }, seconds);
          break;
        default:
      }
    },
  };
}
