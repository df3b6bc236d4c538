import { DatabaseError } from 'pg';
import { quoteIdent } from '../postgres/quote.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import { Problem } from '../problem.ts';
import type { ConnectionSettings } from './connection.ts';
import { describe } from './connection.ts';

/** An error that the server reported. */
export class SqlFailure extends Error {
  readonly severity: string;
  readonly sqlstate: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  /** Where in the text that was sent, counted in code points from 1. */
  readonly position: number | undefined;
  /** The server's call stack: which function or trigger the error arose in. */
  readonly where: string | undefined;
  readonly schema: string | undefined;
  readonly table: string | undefined;
  readonly column: string | undefined;
  readonly constraint: string | undefined;
  /** The function in the server's source that raised it; unlike the message, the same in every language. */
  readonly routine: string | undefined;

  constructor(error: DatabaseError) {
    super(error.message, { cause: error });
    this.name = 'SqlFailure';
    this.severity = error.severity ?? 'ERROR';
    this.sqlstate = error.code ?? 'XX000';
    this.detail = error.detail;
    this.hint = error.hint;
    this.position = error.position === undefined ? undefined : Number(error.position);
    this.where = error.where;
    this.schema = error.schema;
    this.table = error.table;
    this.column = error.column;
    this.constraint = error.constraint;
    this.routine = error.routine;
  }
}

/** The connection went away during a statement, or before it. What the last statement did is not known. */
export class ConnectionLost extends Error {
  constructor(cause: unknown) {
    super(`The connection to the server was lost: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
    this.name = 'ConnectionLost';
  }
}

export function isSqlFailure(error: unknown): error is SqlFailure {
  return error instanceof SqlFailure;
}

/** The error's SQLSTATE, if the server reported it. */
export function sqlstate(error: unknown): string | undefined {
  return isSqlFailure(error) ? error.sqlstate : undefined;
}

/** Whether the session is gone: the connection broke, or the server ended it. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof ConnectionLost) return true;
  const state = sqlstate(error);
  return state !== undefined && (state.startsWith('08') || SESSION_ENDED.has(state));
}

const SESSION_ENDED: ReadonlySet<string> = new Set([
  SQLSTATE.admin_shutdown,
  SQLSTATE.crash_shutdown,
  SQLSTATE.cannot_connect_now,
  SQLSTATE.database_dropped,
  SQLSTATE.idle_session_timeout,
  SQLSTATE.idle_in_transaction_session_timeout,
  SQLSTATE.transaction_timeout,
]);

/** What the driver threw, in our own types. */
export function fromDriver(error: unknown): unknown {
  return error instanceof DatabaseError ? new SqlFailure(error) : error;
}

/** Says in one line why the server could not be reached or did not let us in, and what to do next. */
export function connectionProblem(error: unknown, settings: ConnectionSettings): Problem {
  if (error instanceof Problem) return error;
  const { what, advice } = isSqlFailure(error) ? refusal(error, settings) : networkFailure(error, settings);
  return new Problem(`Cannot connect to ${describe(settings)}: ${what}.`, { exitCode: 2, advice, cause: error });
}

interface Explanation {
  readonly what: string;
  readonly advice: string;
}

function refusal({ sqlstate, message, routine }: SqlFailure, settings: ConnectionSettings): Explanation {
  const { user, database } = settings;
  switch (sqlstate) {
    case SQLSTATE.invalid_password:
      return {
        what: `the password for the role ${user} is wrong`,
        advice: 'Check the password in the URL (percent-encoded), in PGPASSWORD or in ~/.pgpass.',
      };
    case SQLSTATE.invalid_catalog_name:
      return {
        what: `the database ${database} does not exist`,
        advice: `Create it (createdb ${database}), or check the name at the end of the URL.`,
      };
    case SQLSTATE.invalid_authorization_specification:
      return authorization({ message, routine }, settings);
    case SQLSTATE.insufficient_privilege:
      return {
        what: lowerFirst(message),
        advice: `Ask the database's owner: GRANT CONNECT ON DATABASE "${database}" TO "${user}".`,
      };
    case SQLSTATE.too_many_connections:
      return {
        what: 'the server has no connection left',
        advice: 'Wait or close some (SELECT * FROM pg_stat_activity), or raise max_connections.',
      };
    case SQLSTATE.cannot_connect_now:
      return { what: lowerFirst(message), advice: 'Try again in a moment.' };
    case SQLSTATE.protocol_violation:
      return poolerRefusal(message, user, database);
    default:
      return { what: lowerFirst(message), advice: 'Check the URL; psql with the same URL shows the same error.' };
  }
}

/** PgBouncer has one SQLSTATE for all that it refuses. */
function poolerRefusal(message: string, user: string, database: string): Explanation {
  const option = /unsupported startup parameter(?: in options)?: (\S+)/.exec(message)?.[1];
  if (option !== undefined) {
    return {
      what: `the connection pooler there does not let the parameter '${option}' through`,
      advice: `Leave it out of the URL and of PGOPTIONS, or give the URL of PostgreSQL itself; PgBouncer can be told ignore_startup_parameters = ${option}.`,
    };
  }
  if (/authentication failed|no such user/.test(message)) {
    return {
      what: `the connection pooler there does not know the role ${user} with this password`,
      advice: "Check user and password in the URL, in PGPASSWORD or in ~/.pgpass, and the pooler's list of users.",
    };
  }
  if (/database .* does not exist|no such database/.test(message)) {
    return {
      what: `the connection pooler there has no database ${database}`,
      advice: "Check the name at the end of the URL, and the pooler's list of databases.",
    };
  }
  if (message === 'query_wait_timeout') return NO_SERVER_CONNECTION;
  return { what: lowerFirst(message), advice: 'Check the URL; psql with the same URL shows the same error.' };
}

const NO_SERVER_CONNECTION: Explanation = {
  what: 'a connection pooler there had no server connection left for us',
  advice: 'tiptoe needs two at once: wait, raise default_pool_size, or give the URL of PostgreSQL itself.',
};

/** The connection stands, and what we say is not answered: poolers let clients wait like that. */
export class NoAnswer extends Error {
  constructor() {
    super('no answer');
    this.name = 'NoAnswer';
  }
}

/** The server speaks its own language (`lc_messages`): only names of files and of places in its source stay what they are. */
function authorization(
  { message, routine }: Pick<SqlFailure, 'message' | 'routine'>,
  { user, tls }: ConnectionSettings,
): Explanation {
  if (message.includes('pg_hba.conf')) {
    const plain = tls.mode === 'disable';
    return {
      what: `the server's pg_hba.conf does not let ${user} in from here${plain ? ' without TLS' : ''}`,
      advice: plain
        ? 'Use ?sslmode=require if it wants TLS; or check host, user and database in the URL, or ask for a line in pg_hba.conf.'
        : 'Check host, user and database in the URL, or ask for a line in pg_hba.conf.',
    };
  }
  if (routine === 'InitializeSessionUserId') {
    return {
      what: lowerFirst(message),
      advice: `Check the user in the URL; or create it (createuser ${user}), or let it in: ALTER ROLE ${quoteIdent(user)} LOGIN.`,
    };
  }
  return { what: lowerFirst(message), advice: 'Check the user in the URL.' };
}

function networkFailure(error: unknown, { host, port, connectTimeoutMs }: ConnectionSettings): Explanation {
  const { code, message } = firstCause(error);
  if (error instanceof NoAnswer) {
    return {
      what: `the connection stands, but nothing was answered within ${connectTimeoutMs / 1000} s`,
      advice: `Most often ${NO_SERVER_CONNECTION.what}. ${NO_SERVER_CONNECTION.advice}`,
    };
  }
  switch (code) {
    case 'ECONNREFUSED':
      return { what: 'no server listens there', advice: `Check that PostgreSQL runs and that port ${port} is right.` };
    case 'ENOENT':
      return {
        what: 'no server listens there',
        advice: `Check that PostgreSQL runs and has its Unix socket in ${host}.`,
      };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        what: `the host name ${host} cannot be resolved`,
        advice: 'Check the host in the URL, and the network.',
      };
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return { what: 'the host cannot be reached', advice: 'Check the host in the URL, the network and firewalls.' };
    case 'ECONNRESET':
      return {
        what: 'the server closed the connection',
        advice: 'Check its log, and that a PostgreSQL server listens there.',
      };
    default:
      break;
  }
  if (message === 'timeout expired') {
    return {
      what: `no answer within ${connectTimeoutMs / 1000} s`,
      advice: 'Check the host in the URL, the network and firewalls; ?connect_timeout=30 waits longer.',
    };
  }
  if (/client password must be a string|client password must be a non-empty string|no password/i.test(message)) {
    return {
      what: 'the server asks for a password and none is given',
      advice: 'Set PGPASSWORD, or add it to ~/.pgpass.',
    };
  }
  if (/does not support SSL/.test(message)) {
    return { what: 'the server does not speak TLS', advice: 'Use ?sslmode=prefer, or turn TLS on at the server.' };
  }
  if (code?.startsWith('ERR_OSSL_') === true) {
    return {
      what: `the key of the client certificate cannot be used (${message.replace(/^.*::/, '')})`,
      advice: 'Check sslkey, and sslpassword for an encrypted key.',
    };
  }
  if (isTlsCode(code)) {
    return {
      what: `the TLS certificate was not accepted (${message})`,
      advice: "Give the server's authority by ?sslrootcert=FILE, or use ?sslmode=require to skip the check.",
    };
  }
  if (/terminated unexpectedly/.test(message)) {
    return {
      what: 'the server closed the connection',
      advice: 'Check its log, and that a PostgreSQL server listens there.',
    };
  }
  return { what: message, advice: 'Check the URL; psql with the same URL shows the same error.' };
}

function isTlsCode(code: string | undefined): boolean {
  return (
    code !== undefined && /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH)/.test(code)
  );
}

/** A host with several addresses fails once for each; they rarely differ. */
function firstCause(error: unknown): { code: string | undefined; message: string } {
  if (error instanceof AggregateError && error.errors.length > 0) return firstCause(error.errors[0]);
  if (!(error instanceof Error)) return { code: undefined, message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return { code, message: error.message };
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
