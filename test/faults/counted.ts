import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { quoteIdent } from '../../src/postgres/quote.ts';
import type { Session } from '../../src/db/session.ts';
import { type RunningTiptoe, startTiptoe, type TiptoeResult } from '../support/cli.ts';

/** A backfill that adds 1 to every row, so that a row missed or done twice shows. */
export interface Counted {
  readonly name: string;
  /** In small batches, unless flags say otherwise. */
  start(...flags: string[]): RunningTiptoe;
  /** In big batches, to the end. */
  finish(): Promise<TiptoeResult>;
  isDone(): Promise<boolean>;
  /** Whether rows and books agree, in one snapshot, whoever writes meanwhile. */
  expectAgreement(session?: Session): Promise<void>;
  /** Every row once, by the table and by the books. */
  expectDone(session?: Session): Promise<void>;
}

export interface CountedOptions {
  readonly session: Session;
  readonly folder: string;
  readonly url: string;
  readonly name: string;
  readonly rows: number;
  readonly schema?: string;
}

/** Makes the table, with gaps between its keys, and the file. */
export async function counted(options: CountedOptions): Promise<Counted> {
  const { session, folder, url, name, rows, schema = 'tiptoe' } = options;
  await session.exec(`
    CREATE TABLE ${name} (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0);
    INSERT INTO ${name} SELECT i * 1000000007 FROM generate_series(1::bigint, ${rows}) i;
    ANALYZE ${name}`);
  await mkdir(join(folder, 'migrations'), { recursive: true });
  await writeFile(join(folder, 'migrations', `${name}.backfill.sql`), `UPDATE ${name} SET n = n + 1`);
  const start = (...flags: string[]): RunningTiptoe =>
    startTiptoe(['backfill', 'run', name, '--schema', schema, '--format', 'ndjson', '--quiet', ...flags], {
      cwd: folder,
      env: { DATABASE_URL: url },
    });
  const books = quoteIdent(schema);
  return {
    name,
    start: (...flags) => start('--batch-size', '20', '--max-batch-size', '40', ...flags),
    finish: () => start('--batch-size', '5000', '--max-batch-size', '20000').finished(),
    async isDone() {
      return (
        (await session.query(`SELECT FROM ${books}.backfill WHERE name = $1 AND state = 'succeeded'`, [name]))
          .length === 1
      );
    },
    async expectAgreement(on = session) {
      const [found] = await on.query(
        `SELECT (SELECT count(*) FROM ${name} WHERE n > 1) AS doubled,
                (SELECT count(*) FROM ${name} t WHERE (n > 0) <> EXISTS (
                   SELECT FROM ${books}.backfill_range r WHERE r.backfill = '${name}'
                      AND (r.lower_key IS NULL OR t.id > r.lower_key[1]::bigint) AND t.id <= r.last_key[1]::bigint)) AS misplaced,
                (SELECT count(*) FROM ${name} WHERE n > 0)
                - coalesce((SELECT sum(rows_done) FROM ${books}.backfill_range WHERE backfill = '${name}'), 0) AS uncounted`,
      );
      expect(found).toEqual({ doubled: '0', misplaced: '0', uncounted: '0' });
    },
    async expectDone(on = session) {
      const [found] = await on.query(
        `SELECT (SELECT count(*) FROM ${name} WHERE n = 0) AS missed, (SELECT count(*) FROM ${name} WHERE n > 1) AS doubled,
                state, rows_done, rows_visited FROM ${books}.backfill_progress WHERE name = '${name}'`,
      );
      const all = String(rows);
      expect(found).toEqual({ missed: '0', doubled: '0', state: 'succeeded', rows_done: all, rows_visited: all });
    },
  };
}

/** Resolves when it has begun, or has ended before that. */
export async function begun(running: RunningTiptoe): Promise<void> {
  await running.waitForOutput(/"event":"(?:started|joined)"/).catch(() => undefined);
}
