import type { OwnTables } from '../db/own-schema.ts';
import { quoteIdent } from '../postgres/quote.ts';
import { exceptionTableSteps } from './exception-table.ts';
import { settlementTableSteps } from './settlement-table.ts';
import { tableComments } from './table-comments.ts';

/** The ledger's tables, as SQL names them. */
export const migrationTable = (schema: string): string => `${quoteIdent(schema)}.migration`;
export const statementTable = (schema: string): string => `${quoteIdent(schema)}.migration_statement`;

/** Columns of a file and of a statement. */
const HOW_IT_WENT = `started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
       finished_at timestamptz,
       attempts integer,
       waited_ms bigint,
       held_ms bigint,
       duration_ms bigint,
       stalled_sessions integer,
       longest_stall_ms bigint,
       total_stall_ms bigint`;
const WHO_RAN_IT = `run_by text NOT NULL DEFAULT session_user,
       run_from text NOT NULL,
       tool_version text NOT NULL`;

/** All that `apply`, `baseline` and `repair` keep. */
export function ledgerTables(schema: string): OwnTables {
  return {
    schema,
    component: 'migrate',
    steps: [
      ...migrationTableSteps(schema),
      ...statementTableSteps(schema),
      ...exceptionTableSteps(schema),
      ...settlementTableSteps(schema),
    ],
  };
}

function migrationTableSteps(schema: string): string[] {
  const table = migrationTable(schema);
  return [
    `CREATE TABLE ${table} (
       name text PRIMARY KEY,
       path text NOT NULL,
       version text,
       kind text NOT NULL CHECK (kind IN ('migration', 'backfill')),
       checksum text NOT NULL,
       state text NOT NULL CHECK (state IN ('running', 'done', 'failed', 'half-done')),
       transaction text CHECK (transaction IN ('file', 'statement', 'none')),
       cap_ms bigint,
       cap_reason text,
       ${HOW_IT_WENT},
       unconfirmed boolean NOT NULL DEFAULT false,
       error text,
       ${WHO_RAN_IT}
     );`,
    ...tableComments(table, 'What tiptoe apply has run here: one row a migration file.', {
      checksum: 'SHA-256 of the file, line ends normalised; an applied file may not change.',
      state:
        'done: it stands. failed: nothing of it stands. half-done: some statements stand, the next run goes on after them. running: in work, or its runner died.',
      waited_ms: 'From the first look for its locks to having them, all attempts together.',
      held_ms: 'From the first lock that blocked others to the end of COMMIT.',
      run_by: 'The role that logged in.',
      run_from: 'The account, the machine and the process that ran it.',
      stalled_sessions: 'How many sessions were seen waiting behind it; a look every 50 ms may miss short waits.',
      longest_stall_ms: 'The longest that one of them was seen waiting.',
      total_stall_ms: 'The waits of all of them together.',
      cap_ms: 'How long the file may hold locks that block others, where it says so itself (-- tiptoe:cap).',
      cap_reason: 'The reason that the file gives for a cap of its own.',
      unconfirmed:
        'It is committed, but a COMMIT of it was not confirmed by a synchronous standby: a failover at that moment could have lost it.',
    }),
  ];
}

function statementTableSteps(schema: string): string[] {
  const table = statementTable(schema);
  return [
    `CREATE TABLE ${table} (
       migration text NOT NULL REFERENCES ${migrationTable(schema)} ON DELETE CASCADE,
       index integer NOT NULL,
       line integer NOT NULL,
       kind text NOT NULL,
       checksum text NOT NULL,
       state text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
       ${HOW_IT_WENT},
       blockers jsonb NOT NULL DEFAULT '[]',
       ${WHO_RAN_IT},
       backend_pid integer,
       backend_start timestamptz,
       server_start timestamptz,
       online_tables oid[] NOT NULL DEFAULT '{}',
       online_index text,
       seen_indexes oid[] NOT NULL DEFAULT '{}',
       PRIMARY KEY (migration, index)
     );`,
    ...tableComments(
      table,
      'The statements of each migration. Where a file is not one transaction, a row is written before its statement runs.',
      {
        state:
          'running: begun, and its end is not known yet. Set it to done or failed by hand only when tiptoe asks for it.',
        blockers:
          'Who was in its way: at most ten, with pid, application, user, state, age of the transaction, lock, and the query without its values.',
        backend_pid: 'The session that a statement outside of a transaction ran in; null for one inside.',
        server_start:
          'pg_postmaster_start_time() of the server that the session was on; on any other, as after a failover, it is gone.',
        online_tables:
          'Of CREATE, DROP and REINDEX INDEX CONCURRENTLY: the tables. Of DETACH PARTITION CONCURRENTLY: the partition.',
        online_index: 'The index that it makes or drops, where it names one.',
        seen_indexes:
          'Indexes that those tables had before; an invalid one that is not among them was left by this statement.',
      },
    ),
  ];
}
