import { quoteIdent, quoteLiteral } from '../../postgres/quote.ts';
import { type AuditContext, defineCheck, found, type Unseen, unseen } from '../check.ts';

interface Row {
  readonly name: string;
  readonly state: 'failed' | 'half-done' | 'running';
  readonly startedAt: string;
  readonly error: string | null;
}

export const halfDoneMigration = defineCheck<Row>({
  name: 'half-done-migration',
  category: 'correctness',
  severity: 'error',
  docs: {
    what: 'A migration that tiptoe apply began and did not finish: half-done, failed, or running without a runner.',
    why: 'Some of its statements may stand and others not, and nothing after it is applied until that is settled.',
    instead: 'Run tiptoe apply again, or settle it with tiptoe repair.',
    source: 'https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY',
  },
  sql: (context) => {
    const { schema, ledger } = context;
    if (ledger === 'absent') return null;
    if (ledger === 'hidden') return hiddenTable(context, 'migration');
    const own = quoteIdent(schema);
    return `
      SELECT m.name, m.state, to_char(m.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "startedAt", m.error
        FROM ${own}.migration m
       WHERE m.state IN ('failed', 'half-done')
          OR (m.state = 'running'
              AND NOT EXISTS (SELECT FROM ${own}.lease l
                               WHERE l.name = 'migrate' AND l.owner IS NOT NULL AND l.expires_at >= clock_timestamp()))
       ORDER BY m.started_at, m.name`;
  },
  judge: (rows, { schema }) =>
    rows.map(({ name, state, startedAt, error }) =>
      found({
        object: name,
        relation: null,
        message: `the migration ${name} is ${state === 'running' ? 'running, and its runner is gone' : state}, begun ${startedAt}${error === null ? '' : `: ${error}`}`,
        look: `SELECT * FROM ${quoteIdent(schema)}.migration_statement WHERE migration = ${quoteLiteral(name)} ORDER BY index;`,
        instead: `tiptoe status ${name} tells what stands; mend the cause and run tiptoe apply, or settle it: tiptoe repair ${name} --as applied|pending --reason '…'`,
        severity: state === 'failed' ? 'warning' : 'error',
      }),
    ),
});

/** A table of tiptoe's own that the role may not read. */
function hiddenTable({ schema, user }: AuditContext, table: string): Unseen {
  const name = `${quoteIdent(schema)}.${table}`;
  return unseen({
    message: `${schema}.${table} is there, and hidden from ${user}`,
    look: `SELECT * FROM ${name};`,
    instead: `Let the role read it: GRANT USAGE ON SCHEMA ${quoteIdent(schema)} TO ${quoteIdent(user)}; GRANT SELECT ON ALL TABLES IN SCHEMA ${quoteIdent(schema)} TO ${quoteIdent(user)};`,
  });
}
