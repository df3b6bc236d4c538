import type { ConnectionSettings } from '../db/connection.ts';
import { apply } from '../migrate/apply.ts';
import type { MigrationFile } from '../migrate/discovery.ts';
import type { ApplyEvent, ApplyResult } from '../migrate/result.ts';
import { Problem } from '../problem.ts';
import { DEFAULT_LIMITS } from '../safety/limits.ts';
import { safeMigrations, shopMigration } from './shop.ts';
import type { DemoOptions, Stage } from './stage.ts';

export const SCHEMA = 'tiptoe';
const LIMITS = { ...DEFAULT_LIMITS, giveUpAfterMs: 30_000 };
const ALL = [shopMigration, ...Object.values(safeMigrations)];

/** Makes the shop's tables. */
export async function createTables(options: DemoOptions, owner: ConnectionSettings): Promise<void> {
  const result = await run(options, owner, [shopMigration], () => undefined);
  if (result.outcome !== 'done') throw failure(options, result);
}

/** `tiptoe apply`, which adds the column and then stops, because a backfill comes first. */
export async function addColumn(stage: Stage): Promise<void> {
  const result = await applyPending(stage);
  if (result.reason !== 'backfill-first') throw failure(stage, result);
  stage.onEvent({ event: 'backfill-first' });
}

/** `tiptoe apply` once more, after the backfill: the index. */
export async function createIndex(stage: Stage): Promise<void> {
  const result = await applyPending(stage);
  if (result.outcome !== 'done') throw failure(stage, result);
}

function applyPending(stage: Stage): Promise<ApplyResult> {
  return run(stage, stage.connect('shop', 'owner'), ALL, (of) => stage.onEvent({ event: 'apply', of }));
}

function run(
  { runner, gate, signal }: DemoOptions,
  connection: ConnectionSettings,
  files: readonly MigrationFile[],
  onEvent: (event: ApplyEvent) => void,
): Promise<ApplyResult> {
  return apply({
    connection,
    files,
    schema: SCHEMA,
    variables: {},
    limits: LIMITS,
    waitForRunnerMs: 0,
    runner,
    signal,
    onEvent,
    backfills: gate(connection),
  });
}

function failure({ signal }: DemoOptions, { message, failure, advice }: ApplyResult): Problem {
  signal.throwIfAborted();
  const said = failure === null ? '' : ` ${failure.message}`;
  return new Problem(`The demo's migration did not go through: ${message ?? 'it stopped too early.'}${said}`, {
    exitCode: 1,
    ...(advice === null ? {} : { advice }),
  });
}
