import { isSqlFailure } from '../db/errors.ts';
import type { ConnectionSettings } from '../db/connection.ts';
import { quoteIdent } from '../postgres/quote.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import { Problem } from '../problem.ts';
import { describeFailure, isOutage } from './failure.ts';

/**
 * A Problem (exit 2) with the GRANTs for a role that may not use tiptoe's own tables, (exit 3) for a connection that was lost; any
 * other error as it is.
 */
export function accessProblem(error: unknown, { user }: ConnectionSettings, schema: string): unknown {
  if (isOutage(error)) {
    return new Problem(`The connection was lost: ${describeFailure(error)}`, {
      exitCode: 3,
      advice: 'Run the same command again when the server is back.',
      cause: error,
    });
  }
  if (!isSqlFailure(error) || error.sqlstate !== SQLSTATE.insufficient_privilege) return error;
  const own = quoteIdent(schema);
  const role = quoteIdent(user);
  return new Problem(`Role ${user} may not use tiptoe's tables in schema ${schema}: ${error.message}.`, {
    advice: `To watch and steer: GRANT USAGE ON SCHEMA ${own} TO ${role}; GRANT SELECT ON ${own}.lease TO ${role}; GRANT SELECT, UPDATE ON ${own}.backfill TO ${role}; GRANT SELECT ON ${own}.backfill_progress, ${own}.backfill_wait, ${own}.backfill_skipped, ${own}.backfill_table, ${own}.backfill_figures TO ${role};`,
    cause: error,
  });
}
