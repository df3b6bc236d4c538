import { userInfo } from 'node:os';
import { Problem } from '../problem.ts';

/** How to reach one database. Holds the password: show it to people through `describe` only. */
export interface ConnectionSettings {
  /** A host name or address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** Undefined: the password file may have it. */
  readonly password: string | undefined;
  readonly passwordFile: string | undefined;
  readonly tls: TlsSettings;
  /** Command-line options for the server, as in PGOPTIONS. */
  readonly options: string | undefined;
  readonly connectTimeoutMs: number;
}

/** As in libpq: https://www.postgresql.org/docs/current/libpq-ssl.html */
export interface TlsSettings {
  readonly mode: TlsMode;
  /** Files in PEM; `system` as the root means the certificate authorities that Node.js knows. */
  readonly rootCert: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

const TLS_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
type TlsMode = (typeof TLS_MODES)[number];

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_PORT = 5432;
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
const EXAMPLE = 'postgres://user@host:5432/database';

/** The parameters that we read, in a URL's query under their libpq names, and the variables that stand in for them. */
const PARAMETERS = {
  host: 'PGHOST',
  port: 'PGPORT',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  dbname: 'PGDATABASE',
  passfile: 'PGPASSFILE',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  options: 'PGOPTIONS',
  connect_timeout: 'PGCONNECT_TIMEOUT',
} as const;
type Parameter = keyof typeof PARAMETERS;

/**
 * Settles which database to use: `--database-url`, else DATABASE_URL, else the PG* variables; these also fill in what
 * a URL leaves out. Throws a Problem when nothing is given or it cannot be understood.
 */
export function resolveConnection(input: { databaseUrl?: string | undefined; env: Environment }): ConnectionSettings {
  const { env } = input;
  const flag = given(input.databaseUrl);
  const variable = given(env.DATABASE_URL);
  const fromUrl =
    flag !== undefined
      ? parseUrl(flag, '--database-url')
      : variable !== undefined
        ? parseUrl(variable, 'DATABASE_URL')
        : {};
  if (flag === undefined && variable === undefined && !given(env.PGHOST) && !given(env.PGDATABASE)) {
    throw new Problem('No database is given.', {
      advice: `Pass --database-url ${EXAMPLE}, or set DATABASE_URL or PGHOST and PGDATABASE.`,
    });
  }

  const value = (name: Parameter): string | undefined => fromUrl[name] ?? given(env[PARAMETERS[name]]);
  const user = value('user') ?? userInfo().username;
  return {
    host: value('host') ?? 'localhost',
    port: wholeNumber(value('port'), 'port', 1, 65_535) ?? DEFAULT_PORT,
    user,
    database: value('dbname') ?? user,
    password: value('password'),
    passwordFile: value('passfile'),
    tls: {
      mode: tlsMode(value('sslmode')),
      rootCert: value('sslrootcert'),
      cert: value('sslcert'),
      key: value('sslkey'),
    },
    options: value('options'),
    connectTimeoutMs: connectTimeout(value('connect_timeout')),
  };
}

/** `user@host:port/database`, without the password. */
export function describe({ user, host, port, database }: ConnectionSettings): string {
  return `${user}@${host.includes(':') ? `[${host}]` : host}:${port}/${database}`;
}

function given(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}

function parseUrl(text: string, origin: string): Partial<Record<Parameter, string>> {
  const bad = (what: string): Problem =>
    new Problem(`${origin} ${what}.`, {
      advice: `Write it as ${EXAMPLE}; special characters in the password are percent-encoded.`,
    });
  if (!/^postgres(ql)?:\/\//i.test(text)) throw bad('is not a postgres:// URL');
  if (/^[^/]*\/\/[^/?]*,/.test(text)) throw bad('names several hosts; give the primary alone');

  try {
    const url = new URL(text);
    const fromUrl: Partial<Record<Parameter, string>> = {};
    for (const name of Object.keys(PARAMETERS) as Parameter[]) {
      const value = given(url.searchParams.get(name) ?? undefined);
      if (value !== undefined) fromUrl[name] = value;
    }
    const parts: [Parameter, string][] = [
      ['host', url.hostname.replace(/^\[(.*)\]$/, '$1')],
      ['port', url.port],
      ['user', url.username],
      ['password', url.password],
      ['dbname', url.pathname.slice(1)],
    ];
    for (const [name, part] of parts) if (part !== '') fromUrl[name] = decodeURIComponent(part);
    return fromUrl;
  } catch {
    // The error would repeat the URL, and the password with it.
    throw bad('cannot be read as a URL');
  }
}

function tlsMode(text: string | undefined): TlsMode {
  // libpq's own default; a server without TLS is then used without it.
  if (text === undefined) return 'prefer';
  const mode = TLS_MODES.find((known) => known === text);
  if (mode === undefined) throw new Problem(`sslmode is ${TLS_MODES.join(', ')}, not ${text}.`);
  return mode;
}

function connectTimeout(text: string | undefined): number {
  const seconds = wholeNumber(text, 'connect_timeout', 0, 3600);
  return seconds === undefined || seconds === 0 ? DEFAULT_CONNECT_TIMEOUT_MS : seconds * 1000;
}

function wholeNumber(text: string | undefined, name: string, low: number, high: number): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= low && number <= high)) {
    throw new Problem(`The database connection's ${name} is a whole number from ${low} to ${high}, not ${text}.`);
  }
  return number;
}
