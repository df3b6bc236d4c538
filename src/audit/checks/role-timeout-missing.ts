import { quoteIdent } from '../../postgres/quote.ts';
import { defineCheck, found, unseen } from '../check.ts';
import { someOf } from '../words.ts';

interface Row {
  readonly role: string;
  readonly timeout: Timeout;
  /** As ALTER ROLE or ALTER DATABASE has it, the strongest first; null where nothing is said. */
  readonly value: string | null;
}

type Timeout = keyof typeof TIMEOUTS | 'transaction_timeout';

/** What is proposed. */
const TIMEOUTS = {
  statement_timeout: '30s',
  idle_in_transaction_session_timeout: '60s',
  lock_timeout: '5s',
} as const;

export const roleTimeoutMissing = defineCheck<Row>({
  name: 'role-timeout-missing',
  category: 'policy',
  severity: 'warning',
  docs: {
    what: 'A role that can log in to this database and has no statement_timeout, idle_in_transaction_session_timeout or lock_timeout: not of its own, not of the database, not of the server.',
    why: 'One forgotten transaction or runaway query then holds its locks and its snapshot for as long as it likes, and schema changes, vacuum and other sessions wait behind it.',
    instead: 'ALTER ROLE … IN DATABASE … SET each of them; jobs that need longer set their own.',
    source: 'https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-STATEMENT-TIMEOUT',
  },
  // Superusers and replication are for administration, backups and standbys, which take the time that they take. A setting of role and
  // database comes before one of the role, that before one of the database, that before one of all roles.
  sql: ({ version }) => `
    SELECT r.rolname AS role, t.name AS timeout,
           (SELECT substr(c.entry, strpos(c.entry, '=') + 1)
              FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS c (entry)
             WHERE s.setdatabase IN (0, d.oid) AND s.setrole IN (0, r.oid) AND split_part(c.entry, '=', 1) = t.name
             ORDER BY s.setrole <> 0 AND s.setdatabase <> 0 DESC, s.setrole <> 0 DESC, s.setdatabase <> 0 DESC LIMIT 1) AS value
      FROM pg_roles r
      JOIN pg_database d ON d.datname = current_database()
     CROSS JOIN unnest(ARRAY['statement_timeout', 'idle_in_transaction_session_timeout', 'lock_timeout'${version >= 17 ? ", 'transaction_timeout'" : ''}]) AS t (name)
     WHERE r.rolcanlogin AND NOT r.rolsuper AND NOT r.rolreplication AND has_database_privilege(r.oid, d.oid, 'CONNECT')
       AND (r.rolvaliduntil IS NULL OR r.rolvaliduntil > now())
     ORDER BY 1, 2`,
  judge: (rows, { defaults, database, user }) => {
    const roles = new Map<string, Row[]>();
    for (const row of rows) roles.set(row.role, [...(roles.get(row.role) ?? []), row]);
    const hidden = new Set<Timeout>();
    const findings = Array.from(roles, ([role, own]) => {
      const effective = (name: Timeout): string | null =>
        own.find(({ timeout }) => timeout === name)?.value ?? defaults[name] ?? null;
      // It bounds each statement and each idle moment of a transaction as well.
      const isBounded = isSet(effective('transaction_timeout'));
      const missing = Object.keys(TIMEOUTS)
        .filter(isTimeout)
        .filter((name) => {
          const value = effective(name);
          if (value === null) hidden.add(name);
          return value !== null && !isSet(value) && !(isBounded && name !== 'lock_timeout');
        });
      if (missing.length === 0) return [];
      const set = missing.map(
        (name) =>
          `ALTER ROLE ${quoteIdent(role)} IN DATABASE ${quoteIdent(database)} SET ${name} = '${TIMEOUTS[name]}';`,
      );
      return [
        found({
          object: role,
          relation: null,
          message: `the role ${role} has no ${missing.length > 2 ? `${missing.slice(0, -1).join(', ')} and ${missing.at(-1) ?? ''}` : missing.join(' and ')} in ${database}`,
          look: `SELECT setdatabase::regclass, setrole::regrole, setconfig FROM pg_db_role_setting;`.replace(
            'setdatabase::regclass',
            '(SELECT datname FROM pg_database WHERE oid = setdatabase)',
          ),
          instead: `With times that fit its work: ${set.join(' ')} It holds for new sessions.`,
        }),
      ];
    }).flat();
    if (hidden.size === 0) return findings;
    return [
      ...findings,
      unseen({
        message: `the server's own ${someOf([...hidden])} ${hidden.size === 1 ? 'is' : 'are'} hidden behind what is set for ${user}, so that roles without one of their own cannot be judged`,
        look: `SELECT name, reset_val, source FROM pg_settings WHERE name LIKE '%\\_timeout';`,
        instead: 'Run it as a role for which no timeout is set, and without PGOPTIONS.',
      }),
    ];
  },
});

function isTimeout(name: string): name is keyof typeof TIMEOUTS {
  return Object.hasOwn(TIMEOUTS, name);
}

/** `0`, `0ms` and the like turn a timeout off. */
function isSet(value: string | null): boolean {
  return value !== null && !/^\s*0+(?:\.0*)?\s*[a-z]*\s*$/i.test(value);
}
