import type { BackfillEvent } from '../backfill/event.ts';
import type { AnalysedFile } from '../lint/engine.ts';
import type { ApplyEvent } from '../migrate/result.ts';
import type { PhaseName, PhaseReport } from './report.ts';
import type { Pulse } from './traffic.ts';

/** What happens in the demo, in the order of the story. Times in milliseconds. */
export type DemoEvent =
  | { readonly event: 'starting' }
  /** `version` as the server says it: 18.4. */
  | { readonly event: 'server'; readonly version: string; readonly port: number }
  | { readonly event: 'traffic' }
  /** What the traffic feels meanwhile, several times a second. */
  | { readonly event: 'pulse'; readonly pulse: Pulse }
  | { readonly event: 'measuring'; readonly phase: PhaseName }
  | { readonly event: 'measured'; readonly phase: PhaseReport }
  | { readonly event: 'linted'; readonly file: AnalysedFile }
  | { readonly event: 'apply'; readonly of: ApplyEvent }
  /** The rest of the migrations waits for it. */
  | { readonly event: 'backfill-first' }
  | { readonly event: 'backfill'; readonly name: string; readonly of: BackfillEvent }
  | { readonly event: 'pause-requested'; readonly sql: string; readonly rowsDone: number }
  | { readonly event: 'paused'; readonly state: string; readonly rowsDone: number; readonly afterMs: number }
  | { readonly event: 'still-paused'; readonly state: string; readonly rowsDone: number; readonly pausedMs: number }
  | { readonly event: 'backfilled'; readonly rows: number; readonly batches: number; readonly proved: boolean };
