import { defineCheck, found, unseen } from '../check.ts';
import { hiddenSessions, roughTime } from '../words.ts';

interface Row {
  readonly pid: number;
  readonly user: string | null;
  readonly application: string;
  readonly state: string | null;
  /** Whether the role may not see what the session does. */
  readonly hidden: boolean;
  /** Null outside of a transaction. */
  readonly seconds: string | null;
  readonly start: string | null;
}

/** So many times longer than long. */
const VERY_LONG = 12;

export const longTransaction = defineCheck<Row>({
  name: 'long-transaction',
  category: 'locking',
  severity: 'warning',
  docs: {
    what: 'A transaction that has been open for longer than audit.longTransaction (5 min).',
    why: 'Its locks stay, CREATE INDEX CONCURRENTLY and every schema change on its tables wait for it, and vacuum keeps all rows that it could still see.',
    instead: 'Find out what it is, commit it in smaller parts, and end it when nobody needs it.',
    source: 'https://www.postgresql.org/docs/current/routine-vacuuming.html',
  },
  sql: () => `
    SELECT a.pid, a.usename AS "user", coalesce(a.application_name, '') AS application, a.state,
           coalesce(a.query = '<insufficient privilege>', false) AS hidden,
           extract(epoch FROM clock_timestamp() - a.xact_start)::text AS seconds, a.backend_start::text AS start
      FROM pg_stat_activity a
     WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND coalesce(a.backend_type, 'client backend') = 'client backend'
     ORDER BY a.xact_start, a.pid`,
  judge: (rows, context) => {
    const longest = context.settings.longTransactionMs / 1_000;
    const hidden = rows.filter((row) => row.hidden).length;
    return [
      ...rows.flatMap(({ pid, user, application, state, seconds, start }) => {
        const age = Number(seconds ?? 0);
        if (age <= longest) return [];
        const who = application === '' ? (user ?? '') : `${user ?? ''}/${application}`;
        return [
          found({
            object: who,
            relation: null,
            message: `a transaction of ${who} (pid ${pid}, ${state ?? 'unknown state'}) has been open for ${roughTime(age)}`,
            look: `SELECT state, xact_start, wait_event, backend_xmin, query FROM pg_stat_activity WHERE pid = ${pid};`,
            instead: `If nobody needs it: SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ${pid} AND backend_start = '${start ?? ''}'; and give the role an idle_in_transaction_session_timeout.`,
            severity: age > longest * VERY_LONG ? 'error' : 'warning',
          }),
        ];
      }),
      ...(hidden === 0 ? [] : [unseen(hiddenSessions(hidden, context))]),
    ];
  },
});
