import type { AuditFinding, Sorted } from '../audit/audit.ts';
import type { Check } from '../audit/check.ts';
import type { Room } from './lint-report.ts';
import type { Style } from './style.ts';

/** All that a format may tell of a run of `audit`. */
export interface AuditReport extends Sorted {
  /** The server and its database, without the user: what stands where lint has the path of a file. */
  readonly path: string;
  /** The server's major version. */
  readonly version: number;
  /** Those that were run. */
  readonly checks: readonly Check[];
  /** In whose name it is said what they could not see. */
  readonly teller: Check;
  readonly toolVersion: string;
  /** Whether a finding makes the run fail. */
  readonly fails: (finding: AuditFinding) => boolean;
  readonly style: Style;
  readonly room: Room;
}
