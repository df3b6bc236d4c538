import { maskSecrets } from '../../postgres/secrets.ts';
import { quoteLiteral } from '../../postgres/quote.ts';
import { defineCheck, found } from '../check.ts';
import { roughTime } from '../words.ts';

interface Row {
  readonly name: string;
  readonly owner: string;
  readonly seconds: string;
}

export const preparedTransaction = defineCheck<Row>({
  name: 'prepared-transaction',
  category: 'locking',
  severity: 'error',
  docs: {
    what: 'A transaction that was prepared (two-phase commit) longer ago than audit.longTransaction (5 min), and neither committed nor rolled back.',
    why: 'It belongs to no session and outlives restarts: its locks stay and vacuum keeps dead rows until someone ends it; no timeout does.',
    instead: 'Ask the transaction manager how it ended elsewhere, then COMMIT PREPARED or ROLLBACK PREPARED.',
    source: 'https://www.postgresql.org/docs/current/sql-prepare-transaction.html',
  },
  sql: () => `
    SELECT p.gid AS name, p.owner, extract(epoch FROM clock_timestamp() - p.prepared)::text AS seconds
      FROM pg_prepared_xacts p WHERE p.database = current_database() ORDER BY p.prepared, p.gid`,
  judge: (rows, { settings }) =>
    rows
      .filter(({ seconds }) => Number(seconds) * 1_000 > settings.longTransactionMs)
      .map(({ name, owner, seconds }) => {
        const shown = maskSecrets(name);
        return found({
          object: shown,
          relation: null,
          message: `the prepared transaction '${shown}' of ${owner} has been open for ${roughTime(Number(seconds))}`,
          look: `SELECT x.*, l.relation::regclass, l.mode FROM pg_prepared_xacts x LEFT JOIN pg_locks l ON l.virtualtransaction = '-1/' || x.transaction WHERE x.gid = ${quoteLiteral(shown)};`,
          instead: `When it is clear how it ended elsewhere, as ${owner} or a superuser: ROLLBACK PREPARED ${quoteLiteral(shown)}; or COMMIT PREPARED ${quoteLiteral(shown)};`,
        });
      }),
});
