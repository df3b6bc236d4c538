import { createHistogram } from 'node:perf_hooks';

/** What requests have taken so far. Times in milliseconds. */
export interface Figures {
  readonly samples: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly errors: number;
}

export interface LatencyRecorder {
  record(ms: number): void;
  fail(): void;
  figures(): Figures;
}

/** Counts latencies to the microsecond. */
export function recordLatencies(): LatencyRecorder {
  const histogram = createHistogram();
  let errors = 0;
  return {
    record(ms) {
      histogram.record(Math.max(1, Math.round(ms * 1000)));
    },
    fail() {
      errors += 1;
    },
    figures() {
      const samples = histogram.count;
      if (samples === 0) return { samples, p50Ms: 0, p99Ms: 0, maxMs: 0, errors };
      return {
        samples,
        p50Ms: histogram.percentile(50) / 1000,
        p99Ms: histogram.percentile(99) / 1000,
        maxMs: histogram.max / 1000,
        errors,
      };
    },
  };
}
