import { userInfo } from 'node:os';
import { Problem } from '../problem.ts';
import { EXAMPLE_URL, parseConninfo } from './conninfo.ts';
import { PARAMETERS, type Parameter } from './parameters.ts';
import { readService } from './service-file.ts';

/** One server. */
export interface ServerAddress {
  /** A host name or address, or the folder of a Unix socket. */
  readonly host: string;
  /** Connect to this address; `host` is still the name that a certificate and a password file know. */
  readonly hostaddr: string | undefined;
  readonly port: number;
}

/** How to reach one database. Holds the password: show it to people through `describe` only. */
export interface ConnectionSettings extends ServerAddress {
  /** Servers to try after the first one, where several were given. */
  readonly others: readonly ServerAddress[];
  readonly target: TargetSession;
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
  /** Whether TLS begins at once, without asking first; PostgreSQL 17 and newer. */
  readonly direct: boolean;
  /** Files in PEM; `system` as the root means the certificate authorities that Node.js knows. */
  readonly rootCert: string | undefined;
  readonly revoked: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly keyPassword: string | undefined;
  readonly minVersion: TlsVersion | undefined;
  readonly maxVersion: TlsVersion | undefined;
}

const TLS_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
type TlsMode = (typeof TLS_MODES)[number];

const TLS_VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
type TlsVersion = (typeof TLS_VERSIONS)[number];

/** Which of several servers to stay with; `prefer-primary` is our own, for when nothing is said. */
const TARGETS = ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby', 'prefer-primary'] as const;
export type TargetSession = (typeof TARGETS)[number];

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_PORT = 5432;
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;

/** Variables any of which says which database is meant. */
const SUFFICIENT = ['PGHOST', 'PGHOSTADDR', 'PGDATABASE', 'PGSERVICE'];

/**
 * Settles which database to use: `--database-url`, else DATABASE_URL, else the PG* variables; these and the service file also fill in
 * what a URL leaves out. Throws a Problem when nothing is given or it cannot be understood.
 */
export function resolveConnection(input: { databaseUrl?: string | undefined; env: Environment }): ConnectionSettings {
  const { env } = input;
  const flag = given(input.databaseUrl);
  const variable = given(env.DATABASE_URL);
  const fromUrl =
    flag !== undefined
      ? parseConninfo(flag, '--database-url')
      : variable !== undefined
        ? parseConninfo(variable, 'DATABASE_URL')
        : {};
  if (flag === undefined && variable === undefined && !SUFFICIENT.some((name) => given(env[name]))) {
    throw new Problem('No database is given.', {
      advice: `Pass --database-url ${EXAMPLE_URL}, or set DATABASE_URL or PGHOST and PGDATABASE.`,
    });
  }

  // Spaces may be part of a password.
  const variableOf = (name: Parameter) =>
    name === 'password' ? env.PGPASSWORD || undefined : given(env[PARAMETERS[name] ?? '']);
  const service = fromUrl.service ?? variableOf('service');
  const fromService =
    service === undefined
      ? {}
      : readService(service, fromUrl.servicefile ?? variableOf('servicefile'), given(env.PGSYSCONFDIR));
  const value = (name: Parameter) => fromUrl[name] ?? fromService[name] ?? variableOf(name);
  const user = value('user') ?? userInfo().username;
  const [first, ...others] = serverAddresses(value('host'), value('hostaddr'), value('port'));
  const target = oneOf(TARGETS, value('target_session_attrs'), 'target_session_attrs');
  return {
    ...first,
    others,
    target: target ?? (others.length > 0 ? 'prefer-primary' : 'any'),
    user,
    database: value('dbname') ?? user,
    password: value('password'),
    passwordFile: value('passfile'),
    tls: tlsSettings(value),
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

/** Lists belong together place by place; one port is for all hosts. */
function serverAddresses(
  host: string | undefined,
  hostaddr: string | undefined,
  port: string | undefined,
): [ServerAddress, ...ServerAddress[]] {
  const hosts = host?.split(',') ?? [];
  const addresses = hostaddr?.split(',') ?? [];
  const ports = port?.split(',') ?? [];
  const count = Math.max(hosts.length, addresses.length, 1);
  for (const [name, list] of [
    ['hosts', hosts],
    ['addresses (hostaddr)', addresses],
    ['ports', ports],
  ] as const) {
    if (list.length === 0 || list.length === count || (name === 'ports' && list.length === 1)) continue;
    throw new Problem(`The database connection has ${list.length} ${name} for ${count} servers.`, {
      advice: 'Give one for each, in the same order.',
    });
  }
  const at = (index: number): ServerAddress => ({
    host: given(hosts[index]) ?? given(addresses[index]) ?? 'localhost',
    hostaddr: given(addresses[index]),
    port: wholeNumber(given(ports[ports.length === 1 ? 0 : index]), 'port', 1, 65_535) ?? DEFAULT_PORT,
  });
  return [at(0), ...Array.from({ length: count - 1 }, (_, index) => at(index + 1))];
}

function tlsSettings(value: (name: Parameter) => string | undefined): TlsSettings {
  const rootCert = value('sslrootcert');
  const asked = oneOf(TLS_MODES, value('sslmode'), 'sslmode');
  // libpq's own defaults; `prefer` goes without TLS where the server has none.
  const mode = asked ?? (rootCert === 'system' ? 'verify-full' : 'prefer');
  const direct = oneOf(['postgres', 'direct'] as const, value('sslnegotiation'), 'sslnegotiation') === 'direct';
  if (rootCert === 'system' && mode !== 'verify-full') {
    throw new Problem(
      `sslmode=${mode} is too weak for sslrootcert=system: anyone can have a certificate of those authorities.`,
      {
        advice: 'Use sslmode=verify-full.',
      },
    );
  }
  if (direct && (mode === 'disable' || mode === 'allow' || mode === 'prefer')) {
    throw new Problem(`sslmode=${mode} is too weak for sslnegotiation=direct.`, { advice: 'Use sslmode=require.' });
  }
  return {
    mode,
    direct,
    rootCert,
    revoked: value('sslcrl'),
    cert: value('sslcert'),
    key: value('sslkey'),
    keyPassword: value('sslpassword'),
    minVersion: oneOf(TLS_VERSIONS, value('ssl_min_protocol_version'), 'ssl_min_protocol_version'),
    maxVersion: oneOf(TLS_VERSIONS, value('ssl_max_protocol_version'), 'ssl_max_protocol_version'),
  };
}

function oneOf<T extends string>(known: readonly T[], text: string | undefined, name: string): T | undefined {
  if (text === undefined) return undefined;
  const found = known.find((one) => one === text);
  if (found === undefined) throw new Problem(`${name} is ${known.join(', ')}, not ${text}.`);
  return found;
}

function connectTimeout(text: string | undefined): number {
  const seconds = wholeNumber(text, 'connect_timeout', 0, 3600);
  return seconds === undefined || seconds === 0 ? DEFAULT_CONNECT_TIMEOUT_MS : seconds * 1000;
}

function wholeNumber(text: string | undefined, name: string, low: number, high: number): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= low && number <= high)) {
    throw new Problem(
      `The database connection's ${name} is a whole number from ${low} to ${high}, not ${Number.isNaN(number) ? 'that' : text}.`,
    );
  }
  return number;
}
