import type { Session } from '../../src/db/session.ts';
import { apply, type ApplyOptions } from '../../src/migrate/apply.ts';
import type { MigrationFile } from '../../src/migrate/discovery.ts';
import { inMigrationOrder, readFileName } from '../../src/frameworks/name.ts';
import type { ApplyEvent, ApplyResult } from '../../src/migrate/result.ts';
import { DEFAULT_LIMITS } from '../../src/safety/limits.ts';
import { connectionTo } from '../support/database.ts';

/** Migrations by file name, as `apply` would find them in a folder. */
export function migrations(files: Readonly<Record<string, string>>): MigrationFile[] {
  return Object.entries(files)
    .map(([path, text]) => ({ path, ...readFileName(path, ''), text }))
    .sort(inMigrationOrder);
}

export interface Applied extends ApplyResult {
  readonly events: readonly ApplyEvent[];
}

/** Applies migrations and keeps what was said meanwhile. */
export async function run(
  url: string,
  files: Readonly<Record<string, string>>,
  options: Partial<ApplyOptions> & { readonly schema: string },
): Promise<Applied> {
  const events: ApplyEvent[] = [];
  const result = await apply({
    connection: connectionTo(url),
    files: migrations(files),
    variables: {},
    limits: DEFAULT_LIMITS,
    waitForRunnerMs: 0,
    runner: { from: 'tester@here pid 1', toolVersion: '0.0.0' },
    signal: new AbortController().signal,
    ...options,
    onEvent(event) {
      events.push(event);
      options.onEvent?.(event);
    },
  });
  return { ...result, events };
}

/** Name and state of everything in the ledger, in order. */
export async function ledger(session: Session, schema: string): Promise<Array<[name: string, state: string]>> {
  const rows = await session.query<{ name: string; state: string }>(
    `SELECT name, state FROM ${schema}.migration ORDER BY started_at`,
  );
  return rows.map(({ name, state }) => [name, state]);
}

export async function columns(session: Session, table: string): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [table],
  );
  return rows.map(({ name }) => name);
}
