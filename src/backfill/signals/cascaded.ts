import { resolveConnection } from '../../db/connection.ts';
import { openSession, type Session } from '../../db/session.ts';
import { type Standby, toBytes } from '../../safety/replicas.ts';
import { poll, type Poll } from './poll.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Standbys that are asked themselves how far they are, each by the environment variable that has its URL. */
export interface CascadedStandbys {
  /** Throws why one of them cannot be asked. */
  read(primary: Session, names: readonly string[]): Promise<Standby[]>;
  close(): void;
}

interface Answer {
  readonly standby: boolean;
  readonly replayed: string | null;
  readonly cluster: string;
}

const EVERY_MS = 400;

const SESSION = {
  applicationName: 'tiptoe: replica lag',
  settings: { search_path: 'pg_catalog', statement_timeout: '2s', idle_in_transaction_session_timeout: '10s' },
};

export function cascadedStandbys(environment: Environment): CascadedStandbys {
  const polls = new Map<string, Poll<Answer>>();
  const ask = async (name: string, cluster: string): Promise<Standby> => {
    const known = polls.get(name) ?? poll({ open: () => connect(environment, name), look, everyMs: EVERY_MS });
    polls.set(name, known);
    const answer = await known.latest().catch((error: unknown) => {
      throw new Error(`the standby of ${name}: ${error instanceof Error ? error.message : String(error)}`);
    });
    if (answer.cluster !== cluster) throw new Error(`${name} leads to a server of another cluster`);
    if (!answer.standby || answer.replayed === null) throw new Error(`${name} leads to a server that is no standby`);
    return { name, replayed: toBytes(answer.replayed) };
  };
  return {
    async read(primary, names) {
      for (const [name, known] of polls) {
        if (names.includes(name)) continue;
        known.close();
        polls.delete(name);
      }
      if (names.length === 0) return [];
      const [row] = await primary.query<{ cluster: string }>(
        'SELECT system_identifier::pg_catalog.text AS cluster FROM pg_catalog.pg_control_system()',
      );
      return Promise.all(names.map((name) => ask(name, row?.cluster ?? '')));
    },
    close() {
      for (const known of polls.values()) known.close();
    },
  };
}

const CONNECT_MS = 3_000;

async function connect(environment: Environment, name: string): Promise<Session> {
  const url = environment[name];
  if (url === undefined || url.trim() === '')
    throw new Error('that environment variable is not set where the backfill runs');
  // Of the variables of libpq only those that say nothing about where to connect.
  const env = { DATABASE_URL: url, HOME: environment.HOME, PGPASSFILE: environment.PGPASSFILE };
  return openSession({ ...resolveConnection({ env }), connectTimeoutMs: CONNECT_MS }, SESSION);
}

async function look(session: Session): Promise<Answer> {
  const [answer] = await session.query<Answer>(
    `SELECT pg_catalog.pg_is_in_recovery() AS standby, pg_catalog.pg_last_wal_replay_lsn() AS replayed,
            (SELECT c.system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system() c) AS cluster`,
  );
  if (answer === undefined) throw new Error('it gave no answer');
  return answer;
}
