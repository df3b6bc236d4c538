import { Socket } from 'node:net';
import type { ClientConfig, CustomTypesConfig, QueryConfig, QueryResult } from 'pg';
import { Client, DatabaseError } from 'pg';
import { Problem } from '../problem.ts';
import { describe, type ConnectionSettings } from './connection.ts';
import { ConnectionLost, connectionProblem, fromDriver, NoAnswer, sqlstate } from './errors.ts';
import { passwordFor } from './passfile.ts';
import { targetsInTurn, unfitFor } from './target-session.ts';
import { tlsAttempts } from './tls.ts';

export type SqlValue = string | number | bigint | boolean | null | readonly (string | null)[];

export interface CommandResult {
  /** The first word of the server's command tag: UPDATE, CREATE, COMMIT. */
  readonly command: string;
  /** Rows that the command touched, where it counts them. */
  readonly rowCount: number | undefined;
}

export interface Notice {
  readonly severity: string;
  readonly sqlstate: string;
  readonly message: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  /** The function in the server's source that raised it. */
  readonly routine: string | undefined;
}

/**
 * One pinned connection. Statements run one after the other, in the order of the calls.
 *
 * Values come back as text, except boolean, int2, int4 and oid: a bigint or a numeric does not fit a JS number, and
 * a timestamp would lose its microseconds. A session may have any `search_path`, so our own queries name everything
 * with its schema (`pg_catalog.now()`), operators excepted where the types leave no choice.
 */
export interface Session {
  readonly connection: ConnectionSettings;
  readonly pid: number;
  /** In UTC, to the microsecond; with the pid it names this backend and no later one. */
  readonly backendStart: string;
  /** Aborted, with a ConnectionLost as reason, when the connection goes away before `close`. */
  readonly lost: AbortSignal;
  /** Runs one statement with parameters ($1, …) and returns its rows. */
  query<T extends object>(text: string, values?: readonly SqlValue[]): Promise<T[]>;
  /** Runs one statement with parameters and returns what it did. */
  run(text: string, values?: readonly SqlValue[]): Promise<CommandResult>;
  /** Runs any number of statements by the simple protocol, as psql does, and returns what each did. */
  exec(text: string): Promise<CommandResult[]>;
  transactionStatus(): 'idle' | 'open' | 'failed';
  /** Calls back for each notice and warning of the server, until the returned function is called. */
  onNotice(listener: (notice: Notice) => void): () => void;
  /** Says goodbye to the server and closes the connection. */
  close(): Promise<void>;
  /** Drops the connection at once; a running statement rejects with a ConnectionLost. */
  destroy(): void;
}

export interface SessionOptions {
  readonly applicationName: string;
  /** Session settings (GUCs), set at once and read back. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Opens a connection to the first server that will do; throws a Problem that says why none could be reached. */
export async function openSession(connection: ConnectionSettings, options: SessionOptions): Promise<Session> {
  const { others, ...first } = connection;
  const servers = [first, ...others].map((server) => ({ ...connection, ...server, others: [] }));
  const refusals = new Map<string, string>();
  let lastRefusal: unknown;
  for (const target of targetsInTurn(connection.target)) {
    for (const server of servers) {
      try {
        const session = await openOne(server, options);
        const unfit = await unfitFor(session, target);
        if (unfit === null) return session;
        await session.close();
        lastRefusal = new Problem(
          `${describe(server)} is ${unfit}, and target_session_attrs=${target} was asked for.`,
          {
            advice: 'Give the address of a server that is, or another target_session_attrs.',
          },
        );
      } catch (error) {
        // Who is not let in has found the server: as in libpq, the others are not asked.
        if (!(error instanceof Problem) || sqlstate(error.cause)?.startsWith('28') === true) throw error;
        lastRefusal = error;
      }
      if (lastRefusal instanceof Error) refusals.set(describe(server), lastRefusal.message);
    }
  }
  if (servers.length === 1 || !(lastRefusal instanceof Problem)) throw lastRefusal;
  const { advice, cause } = lastRefusal;
  throw new Problem(`None of ${servers.length} servers will do. ${[...refusals.values()].join(' ')}`, {
    ...(advice === undefined ? {} : { advice }),
    cause,
  });
}

async function openOne(connection: ConnectionSettings, options: SessionOptions): Promise<Session> {
  const client = await connect(connection, options.applicationName);
  const session = new PgSession(connection, client);
  try {
    await identify(session);
    await applySettings(session, options.settings ?? {});
    return session;
  } catch (error) {
    session.destroy();
    throw error;
  }
}

async function identify(session: PgSession): Promise<void> {
  const { connection } = session;
  let impatient = false;
  const impatience = setTimeout(() => {
    impatient = true;
    session.destroy();
  }, connection.connectTimeoutMs);
  try {
    await session.identify();
  } catch (error) {
    throw connectionProblem(impatient ? new NoAnswer() : error, connection);
  } finally {
    clearTimeout(impatience);
  }
}

/** Opens a session for the time that `work` takes. */
export async function withSession<T>(
  connection: ConnectionSettings,
  options: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(connection, options);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** What to do where a connection pooler shares sessions between its clients. */
export const PAST_THE_POOLER =
  'Give the host and port of PostgreSQL itself, or of a pool with pool_mode = session: limits and locks belong to one session.';

/** Sets session settings and checks, in a statement of its own, that they are still there. */
export async function applySettings(session: Session, settings: Readonly<Record<string, string>>): Promise<void> {
  const names = Object.keys(settings);
  if (names.length === 0) return;
  const wanted = await session.query<Setting>(
    `SELECT s.name, pg_catalog.set_config(s.name, s.value, false) AS value
       FROM ROWS FROM (
         pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[])
       ) AS s (name, value)`,
    [names, Object.values(settings)],
  );
  const actual = await session.query<Setting>(
    `SELECT s.name, pg_catalog.current_setting(s.name) AS value
       FROM pg_catalog.unnest($1::pg_catalog.text[]) AS s (name)`,
    [names],
  );
  for (const { name, value } of wanted) {
    if (actual.find((setting) => setting.name === name)?.value === value) continue;
    throw new Problem(
      `The setting ${name} = ${value} did not stay in the session of ${describe(session.connection)}: a connection pooler shares it with others.`,
      {
        advice: PAST_THE_POOLER,
      },
    );
  }
}

interface Setting {
  readonly name: string;
  readonly value: string;
}

interface Connected {
  readonly client: Client;
  readonly socket: Socket;
}

async function connect(connection: ConnectionSettings, applicationName: string): Promise<Connected> {
  const attempts = await tlsAttempts(connection);
  for (const [index, attempt] of attempts.entries()) {
    const socket = new Socket();
    const client = new Client(clientConfig(connection, applicationName, attempt.ssl, socket));
    // A connection that breaks between the attempt's failure and its end must not end the process.
    client.on('error', () => {});
    try {
      await client.connect();
      return { client, socket };
    } catch (error) {
      socket.destroy();
      const failure = fromDriver(error);
      if (index === attempts.length - 1 || !attempt.mayFallBack(failure)) throw connectionProblem(failure, connection);
    }
  }
  throw new Error('no way to connect was tried');
}

/** Everything explicit: what is left out, the driver takes from the process's environment. */
function clientConfig(
  connection: ConnectionSettings,
  applicationName: string,
  ssl: ClientConfig['ssl'],
  socket: Socket,
): ClientConfig {
  return {
    host: connection.hostaddr ?? connection.host,
    port: connection.port,
    user: connection.user,
    database: connection.database,
    password: () => passwordFor(connection),
    options: connection.options,
    application_name: applicationName,
    client_encoding: 'UTF8',
    connectionTimeoutMillis: connection.connectTimeoutMs,
    ssl,
    sslnegotiation: connection.tls.direct ? 'direct' : 'postgres',
    stream: () => socket,
    // A server that vanished without a word is noticed after a minute instead of never.
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    types: { getTypeParser },
  };
}

const BOOL = 16;
const INT2 = 21;
const INT4 = 23;
const OID = 26;

const getTypeParser = ((type: number) => {
  if (type === BOOL) return (value: string) => value === 't';
  if (type === INT2 || type === INT4 || type === OID) return Number;
  return (value: string) => value;
}) as CustomTypesConfig['getTypeParser'];

/** How long the server may take to acknowledge that we leave. */
const GOODBYE_MS = 2_000;

class PgSession implements Session {
  readonly connection: ConnectionSettings;
  pid = 0;
  backendStart = '';
  readonly #client: Client;
  readonly #socket: Socket;
  readonly #lost = new AbortController();
  #closing = false;
  #lastStatement: Promise<unknown> = Promise.resolve();
  #whenIdle: () => void = () => {};

  constructor(connection: ConnectionSettings, { client, socket }: Connected) {
    this.connection = connection;
    this.#client = client;
    this.#socket = socket;
    client.on('error', (error) => this.#lose(error));
    client.on('drain', () => this.#whenIdle());
    client.on('end', () => {
      this.#lose(new Error('the server closed it'));
      this.#whenIdle();
    });
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async identify(): Promise<void> {
    let backend = await this.#ownBackend();
    if (backend?.start === null) {
      // A role taken on at login (ALTER ROLE … SET role) may not see the session of the role that logged in.
      await this.exec('BEGIN; SET LOCAL ROLE NONE');
      backend = await this.#ownBackend();
      await this.exec('COMMIT');
    }
    this.pid = backend?.pid ?? 0;
    this.backendStart = backend?.start ?? '';
    // A role or database may have them, where the version does, and they end sessions: ours often wait with nothing to say.
    await this.query(
      `SELECT pg_catalog.set_config(s.name, '0', false) FROM pg_catalog.pg_settings s
        WHERE s.name IN ('idle_session_timeout', 'transaction_timeout') AND s.setting <> '0'`,
    );
  }

  async #ownBackend(): Promise<{ pid: number; start: string | null } | undefined> {
    const [backend] = await this.query<{ pid: number; start: string | null }>(
      `SELECT pid, pg_catalog.to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS start
         FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()`,
    );
    return backend;
  }

  async query<T extends object>(text: string, values: readonly SqlValue[] = []): Promise<T[]> {
    const result = await this.#send<T>(extended(text, values));
    return result.rows;
  }

  async run(text: string, values: readonly SqlValue[] = []): Promise<CommandResult> {
    return commandResult(await this.#send(extended(text, values)));
  }

  async exec(text: string): Promise<CommandResult[]> {
    // The driver returns an array when the text held several statements, which its types do not say.
    const results: QueryResult | QueryResult[] = await this.#send({ text });
    return (Array.isArray(results) ? results : [results]).map(commandResult);
  }

  transactionStatus(): 'idle' | 'open' | 'failed' {
    const status = this.#client.getTransactionStatus();
    if (status === 'T') return 'open';
    return status === 'E' ? 'failed' : 'idle';
  }

  onNotice(listener: (notice: Notice) => void): () => void {
    const forward = (notice: DriverNotice): void => {
      listener({
        severity: notice.severity ?? 'NOTICE',
        sqlstate: notice.code ?? '00000',
        message: notice.message ?? '',
        detail: notice.detail,
        hint: notice.hint,
        routine: notice.routine,
      });
    };
    this.#client.on('notice', forward);
    return () => {
      this.#client.off('notice', forward);
    };
  }

  async close(): Promise<void> {
    this.#closing = true;
    const impatience = setTimeout(() => this.#socket.destroy(), GOODBYE_MS);
    try {
      await this.#client.end();
    } finally {
      clearTimeout(impatience);
    }
  }

  destroy(): void {
    this.#closing = true;
    this.#socket.destroy();
  }

  /** The driver deprecates its own queue, so a statement waits here for the one before. */
  #send<T extends object>(query: QueryConfig): Promise<QueryResult<T>> {
    const sent = this.#lastStatement.then(() => this.#sendNow<T>(query));
    this.#lastStatement = sent.catch(() => {});
    return sent;
  }

  async #sendNow<T extends object>(query: QueryConfig): Promise<QueryResult<T>> {
    this.#lost.signal.throwIfAborted();
    const idle = new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
    });
    try {
      return await this.#client.query<T>(query);
    } catch (error) {
      // The driver rejects at the server's error; only when it is idle again, or gone, is the transaction status right.
      if (error instanceof DatabaseError) await idle;
      else if (this.#closing) throw new ConnectionLost(error);
      else this.#lost.signal.throwIfAborted();
      throw fromDriver(error);
    }
  }

  #lose(cause: unknown): void {
    if (!this.#closing) this.#lost.abort(new ConnectionLost(cause));
  }
}

/** A notice as the driver gives it. */
interface DriverNotice {
  readonly severity?: string | undefined;
  readonly message?: string | undefined;
  readonly code?: string | undefined;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  readonly routine?: string | undefined;
}

function extended(text: string, values: readonly SqlValue[]): QueryConfig {
  // Without parameters the driver would use the simple protocol, where a text may hold several statements.
  return { text, values: [...values], queryMode: 'extended' } as QueryConfig;
}

function commandResult({ command, rowCount }: QueryResult): CommandResult {
  return { command, rowCount: rowCount ?? undefined };
}
