import { closest } from '../closest.ts';
import { Problem } from '../problem.ts';

/** The parameters that we read, under their libpq names, and the variables that stand in for them. */
export const PARAMETERS = {
  service: 'PGSERVICE',
  servicefile: 'PGSERVICEFILE',
  host: 'PGHOST',
  hostaddr: 'PGHOSTADDR',
  port: 'PGPORT',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  dbname: 'PGDATABASE',
  passfile: 'PGPASSFILE',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
  sslmode: 'PGSSLMODE',
  sslnegotiation: 'PGSSLNEGOTIATION',
  sslrootcert: 'PGSSLROOTCERT',
  sslcrl: 'PGSSLCRL',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslpassword: undefined,
  ssl_min_protocol_version: 'PGSSLMINPROTOCOLVERSION',
  ssl_max_protocol_version: 'PGSSLMAXPROTOCOLVERSION',
  options: 'PGOPTIONS',
  connect_timeout: 'PGCONNECT_TIMEOUT',
} as const;

export type Parameter = keyof typeof PARAMETERS;
export type Parameters = Partial<Record<Parameter, string>>;

/** Parameters of libpq, and of other tools that share DATABASE_URL with us, without which nothing is lost or less safe. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set(
  `application_name fallback_application_name client_encoding load_balance_hosts tcp_user_timeout
   keepalives keepalives_idle keepalives_interval keepalives_count sslcompression sslsni krbsrvname gsslib gssdelegation
   connection_limit pool_timeout pgbouncer socket_timeout statement_cache_size uselibpqcompat
   pool pool_size prepared_statements prepareThreshold ApplicationName`.split(/\s+/),
);

/** Parameters that demand something which we cannot promise, and the values with which they demand nothing. */
const DEMANDS: Readonly<Record<string, readonly string[]>> = {
  channel_binding: ['disable', 'prefer'],
  gssencmode: ['disable', 'prefer'],
  sslcertmode: ['allow'],
  require_auth: [],
  requirepeer: [],
  sslcrldir: [],
  replication: ['false', 'off', '0', 'no'],
  min_protocol_version: ['3.0'],
  max_protocol_version: ['3.0', '3.2', 'latest'],
};

/** Takes over one parameter as someone has written it; throws a Problem for one that would otherwise be lost. */
export function addParameter(to: Parameters, name: string, value: string, origin: string): void {
  if (value.trim() === '') return;
  if (isParameter(name)) {
    to[name] = value;
    return;
  }
  // As in libpq, for URLs that JDBC takes too.
  if (name === 'ssl' && value === 'true') {
    to.sslmode ??= 'require';
    return;
  }
  if (WITHOUT_EFFECT.has(name) || DEMANDS[name]?.includes(value) === true) return;
  if (name === 'schema') return prismaSchema(value, origin);
  if (name in DEMANDS) {
    throw new Problem(`tiptoe cannot do what ${name}=${value} in ${origin} asks for.`, {
      advice: `Leave ${name} out if the connection is safe without it.`,
    });
  }
  const meant = closest(name, Object.keys(PARAMETERS));
  throw new Problem(`${origin} has a parameter ${name}, which tiptoe does not know.`, {
    advice: meant === null ? `It knows those of libpq: ${Object.keys(PARAMETERS).join(', ')}.` : `Was ${meant} meant?`,
  });
}

/** Prisma looks for names in that schema alone, and we go by the role's own search path. */
function prismaSchema(schema: string, origin: string): void {
  if (schema === 'public') return;
  throw new Problem(`${origin} has a parameter schema=${schema}, which is Prisma's own.`, {
    advice: `For the same search path write options=-c%20search_path%3D${encodeURIComponent(schema)} instead.`,
  });
}

function isParameter(name: string): name is Parameter {
  return Object.hasOwn(PARAMETERS, name);
}
