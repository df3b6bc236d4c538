import { accessProblem } from '../backfill/access.ts';
import { backfillState, registerBackfill } from '../backfill/register.ts';
import { runBackfill } from '../backfill/run.ts';
import { listBackfills } from '../backfill/status.ts';
import type { Settings } from '../backfill/settings.ts';
import { readSpec } from '../backfill/spec.ts';
import { withConfigured } from './backfill-source.ts';
import type { ConnectionSettings } from '../db/connection.ts';
import { withSession, type Session } from '../db/session.ts';
import type { BackfillGate, BackfillState } from '../migrate/backfill-gate.ts';
import type { MigrationFile } from '../migrate/discovery.ts';
import type { Runner } from '../migrate/ledger.ts';
import type { ApplyEvent } from '../migrate/result.ts';

export interface GateOptions {
  readonly connection: ConnectionSettings;
  readonly schema: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly runner: Runner;
  /** Whether to run a backfill that is in the way, or only to make it known. */
  readonly run: boolean;
  /** By the config. */
  readonly configured?: Partial<Settings>;
  readonly onEvent: (event: ApplyEvent) => void;
}

/** What `apply` asks about backfills, answered by the backfiller. */
export function backfillGate({
  connection,
  schema,
  variables,
  runner,
  run,
  configured = {},
  onEvent,
}: GateOptions): BackfillGate {
  // A session of its own: names in the statement are found as the role finds them.
  const ask = <T>(work: (session: Session) => Promise<T>) =>
    withSession(connection, { applicationName: 'tiptoe: apply' }, work).catch((error: unknown) => {
      throw accessProblem(error, connection, schema);
    });
  const specOf = (file: MigrationFile) => withConfigured(readSpec(file, variables), configured);
  const gate: BackfillGate = {
    names: () => ask(async (session) => (await listBackfills(session, schema)).map(({ name }) => name)),
    state: (name) => ask((session) => backfillState(session, schema, name)),
    register: (file) => ask((session) => registerBackfill(session, schema, specOf(file))),
  };
  if (!run) return gate;
  return {
    ...gate,
    async run(file, signal): Promise<BackfillState> {
      let now = { rowsDone: 0, rate: 0 };
      const tell = (throttledBy: string | null): void =>
        onEvent({ event: 'backfill', path: file.path, ...now, throttledBy });
      const { outcome } = await runBackfill({
        connection,
        schema,
        source: specOf(file),
        environment: process.env,
        owner: `${runner.from}, tiptoe ${runner.toolVersion}`,
        pause: signal,
        onEvent(event) {
          if (event.event === 'progress') {
            now = { rowsDone: event.rowsDone, rate: event.rate };
            tell(null);
          } else if (event.event === 'throttled') tell(event.reason);
          else if (event.event === 'unthrottled') tell(null);
        },
      });
      return outcome === 'gave-up' ? 'failed' : outcome;
    },
  };
}
