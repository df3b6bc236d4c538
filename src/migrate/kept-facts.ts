import { installedVersion } from '../db/own-schema.ts';
import type { Session } from '../db/session.ts';
import { quoteIdent } from '../postgres/quote.ts';
import type { Blocker } from '../safety/blockers.ts';
import type { Stalls } from '../safety/stalls.ts';
import { ledgerTables } from './ledger-tables.ts';
import { settlementTable } from './settlement-table.ts';

/** One statement as the ledger has it: what it cost, whom it met, who ran it. Times in milliseconds; null where it did not come so far. */
export interface KeptStatement {
  readonly index: number;
  readonly line: number;
  readonly kind: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly attempts: number | null;
  readonly waitedMs: number | null;
  readonly heldMs: number | null;
  readonly durationMs: number | null;
  readonly stalled: { readonly [key in keyof Stalls]: number | null };
  readonly blockers: readonly Blocker[];
  readonly runBy: string;
  readonly runFrom: string;
  readonly toolVersion: string;
}

/** What a person has said of a migration, by `baseline` or `repair`. */
export interface KeptSettlement {
  readonly command: 'baseline' | 'repair';
  /** null for the whole file */
  readonly index: number | null;
  readonly before: string;
  readonly after: string;
  readonly reason: string;
  readonly by: string;
  readonly from: string;
  readonly at: string;
}

export interface KeptFacts {
  /** By the name of the migration, in the order of the file. */
  readonly statements: ReadonlyMap<string, readonly KeptStatement[]>;
  /** By the name of the migration, the oldest first. */
  readonly settlements: ReadonlyMap<string, readonly KeptSettlement[]>;
}

/** All that the ledger keeps beside the state of the migrations; needs no more than SELECT. */
export async function readKeptFacts(session: Session, schema: string): Promise<KeptFacts> {
  const tables = ledgerTables(schema);
  if ((await installedVersion(session, tables)) < tables.steps.length)
    return { statements: new Map(), settlements: new Map() };
  return {
    statements: await grouped<KeptStatement>(
      session,
      `SELECT s.migration AS name, pg_catalog.json_agg(pg_catalog.json_build_object(
                'index', s.index, 'line', s.line, 'kind', s.kind, 'state', s.state,
                'startedAt', ${utc('s.started_at')}, 'finishedAt', ${utc('s.finished_at')},
                'attempts', s.attempts, 'waitedMs', s.waited_ms, 'heldMs', s.held_ms, 'durationMs', s.duration_ms,
                'stalled', pg_catalog.json_build_object(
                  'sessions', s.stalled_sessions, 'longestMs', s.longest_stall_ms, 'totalMs', s.total_stall_ms),
                'blockers', s.blockers, 'runBy', s.run_by, 'runFrom', s.run_from, 'toolVersion', s.tool_version)
              ORDER BY s.index)::pg_catalog.text AS kept
         FROM ${quoteIdent(schema)}.migration_statement s GROUP BY s.migration`,
    ),
    settlements: await grouped<KeptSettlement>(
      session,
      `SELECT s.migration AS name, pg_catalog.json_agg(pg_catalog.json_build_object(
                'command', s.command, 'index', s.index, 'before', s.before, 'after', s.after, 'reason', s.reason,
                'by', s.settled_by, 'from', s.settled_from, 'at', ${utc('s.settled_at')})
              ORDER BY s.id)::pg_catalog.text AS kept
         FROM ${settlementTable(schema)} s GROUP BY s.migration`,
    ),
  };
}

async function grouped<T>(session: Session, sql: string): Promise<ReadonlyMap<string, readonly T[]>> {
  const rows = await session.query<{ name: string; kept: string }>(sql);
  return new Map(rows.map(({ name, kept }) => [name, JSON.parse(kept) as T[]]));
}

const utc = (column: string) => `pg_catalog.to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
