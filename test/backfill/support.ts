import type { Session } from '../../src/db/session.ts';
import type { BackfillEvent, BackfillResult } from '../../src/backfill/event.ts';
import { type RunBackfillOptions, runBackfill } from '../../src/backfill/run.ts';
import { type BackfillSpec, readSpec } from '../../src/backfill/spec.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { connectionTo } from '../support/database.ts';

export interface Ran extends BackfillResult {
  readonly events: readonly BackfillEvent[];
}

/** A spec as from a file of that name. */
export async function specOf(name: string, sql: string): Promise<BackfillSpec> {
  await loadParser();
  return readSpec({ name, path: `${name}.backfill.sql`, text: sql });
}

/** Runs a backfill in this process. */
export async function run(
  url: string,
  source: RunBackfillOptions['source'],
  more: Partial<RunBackfillOptions> = {},
): Promise<Ran> {
  const events: BackfillEvent[] = [];
  const result = await runBackfill({
    connection: connectionTo(url),
    schema: 'tiptoe',
    source,
    owner: 'a test',
    waitForRunnerMs: 0,
    ...more,
    onEvent: (event) => {
      events.push(event);
      more.onEvent?.(event);
    },
  });
  return { ...result, events };
}

/** The only value of the only row. */
export async function value(session: Session, sql: string): Promise<unknown> {
  const [row] = await session.query<Record<string, unknown>>(sql);
  return Object.values(row ?? {})[0];
}
