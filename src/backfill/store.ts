import { ensureOwnSchema, installedVersion } from '../db/own-schema.ts';
import type { Session, SqlValue } from '../db/session.ts';
import { quoteIdent } from '../postgres/quote.ts';
import { backfillTables } from './books.ts';
import type { DesiredState, State } from './machine.ts';
import type { Settings } from './settings.ts';
import { readSignalSettings, writeSignalSettings } from './signal-settings.ts';

/** One backfill as the database has it. */
export interface Stored {
  readonly name: string;
  readonly state: State;
  readonly desiredState: DesiredState;
  readonly file: string | null;
  readonly statement: string;
  readonly statementHash: string;
  readonly table: string;
  /** null to have it found by its name again. */
  readonly tableOid: string | null;
  readonly keyColumns: readonly string[];
  readonly keyTypes: readonly string[];
  readonly progress: Progress;
  readonly settings: Settings;
  readonly fileSettings: Partial<Settings>;
  readonly rate: number;
  readonly eta: { readonly seconds: number; readonly range: readonly [number, number] } | null;
  /** Rows changed per second since the processes at work began, waits included. */
  readonly averageRate: number;
  /** How long the last batch took; null before the first one. */
  readonly batchMs: number | null;
  /** The table whose rows are written; null before the start. */
  readonly changedOid: string | null;
  /** Why the WHERE cannot tell the rows that are still to do; null where it can. */
  readonly cannotTell: string | null;
  readonly throttledBy: string | null;
  readonly lastError: string | null;
  /** ISO 8601, in UTC. */
  readonly startedAt: string | null;
  readonly updatedAt: string;
  readonly finishedAt: string | null;
  /** Since `updatedAt`, by the server's clock. */
  readonly idleSeconds: number;
}

/** How far it has come as a whole: the sum of its ranges. */
export interface Progress {
  readonly pass: number;
  readonly rowsDone: number;
  readonly rowsVisited: number;
  readonly rowsTotal: number | null;
  readonly rowsTotalExact: boolean;
  readonly batches: number;
  /** Keys in a batch, as adapted so far; null before the first one. */
  readonly batchKeys: number | null;
}

export interface Registration {
  readonly name: string;
  readonly file: string | null;
  readonly statement: string;
  readonly statementHash: string;
  readonly table: string;
  readonly tableOid: string;
  readonly keyColumns: readonly string[];
  readonly keyTypes: readonly string[];
  readonly cannotTell: string | null;
  readonly settings: Settings;
  readonly fileSettings: Partial<Settings>;
}

/** The books of all backfills in one schema. Every method is one statement, in whatever transaction the session is in. */
export interface Store {
  readonly schema: string;
  /** Makes the tables where they are not there yet. */
  ensure(session: Session): Promise<void>;
  /** Whether the tables are there; throws a Problem (exit 2) for those of a newer tiptoe. */
  exists(session: Session): Promise<boolean>;
  load(session: Session, name: string): Promise<Stored | null>;
  list(session: Session): Promise<Stored[]>;
  /** Adds it, or takes over the new statement where none was started. Without the lease, only of one that nobody can be running. */
  register(session: Session, registration: Registration, lease: 'held' | 'not-held'): Promise<void>;
  /** Writes any of the columns; false where there is no such backfill. */
  write(session: Session, name: string, change: Change): Promise<boolean>;
}

export interface Change {
  readonly state?: State;
  readonly desiredState?: DesiredState;
  readonly throttledBy?: string | null;
  readonly lastError?: string | null;
  readonly settings?: Settings;
  readonly fileSettings?: Partial<Settings>;
  readonly rowsTotal?: { readonly rows: number; readonly exact: boolean };
  readonly walk?: Pick<Registration, 'tableOid' | 'keyTypes' | 'cannotTell'>;
  readonly started?: true;
  readonly finished?: boolean;
}

export function openStore(schema: string): Store {
  const own = quoteIdent(schema);
  const table = `${own}.backfill`;
  return {
    schema,
    ensure: (session) => ensureOwnSchema(session, backfillTables(schema)),
    async exists(session) {
      // to_regclass() fails where the schema is there and may not be used.
      const [there] = await session.query<{ versioned: boolean }>(
        `SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND EXISTS (
                  SELECT FROM pg_catalog.pg_class v WHERE v.relnamespace = n.oid AND v.relname = 'version' AND v.relkind = 'r'
                     AND pg_catalog.has_table_privilege(v.oid, 'SELECT')) AS versioned
           FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = $1 AND c.relname = 'backfill' AND c.relkind = 'r'`,
        [schema],
      );
      // Who only watches and steers need not be able to read the version.
      if (there?.versioned === true) await installedVersion(session, backfillTables(schema));
      return there !== undefined;
    },
    async load(session, name) {
      const [row] = await session.query<Row>(`${select(own)} WHERE name = $1`, [name]);
      return row === undefined ? null : fromRow(row);
    },
    async list(session) {
      const rows = await session.query<Row>(`${select(own)} ORDER BY b.registered_at, name`);
      return rows.map(fromRow);
    },
    async register(session, { settings, ...registration }, lease) {
      await session.query(
        `INSERT INTO ${table} AS b (name, file, statement, statement_hash, table_name, key_columns, file_settings, ${SETTING_COLUMNS.join(', ')},
                                 table_oid, key_types, cannot_tell)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
         ON CONFLICT (name) DO UPDATE SET file = excluded.file, statement = excluded.statement,
           statement_hash = excluded.statement_hash, table_name = excluded.table_name, key_columns = excluded.key_columns,
           table_oid = excluded.table_oid, key_types = excluded.key_types, cannot_tell = excluded.cannot_tell
         WHERE b.state <> 'succeeded' AND ($19 OR b.state = 'pending')
           AND NOT EXISTS (SELECT FROM ${own}.backfill_range r WHERE r.backfill = b.name AND r.batches > 0)`,
        [
          registration.name,
          registration.file,
          registration.statement,
          registration.statementHash,
          registration.table,
          registration.keyColumns,
          JSON.stringify(registration.fileSettings),
          ...settingValues(settings),
          registration.tableOid,
          registration.keyTypes,
          registration.cannotTell,
          lease === 'held',
        ],
      );
    },
    async write(session, name, change) {
      const sets = assignments(change);
      const values = sets.map(({ value }) => value);
      const { rowCount } = await session.run(
        `UPDATE ${table} SET ${sets.map(({ sql }, index) => sql.replace('?', `$${index + 2}`)).join(', ')} WHERE name = $1`,
        [name, ...values.filter((value) => value !== undefined)],
      );
      return rowCount === 1;
    },
  };
}

const SETTING_COLUMNS = [
  'rate',
  'max_wal_mb',
  'batch_time_ms',
  'batch_size',
  'max_batch_size',
  'max_lag_ms',
  'max_passes',
  'signals',
] as const;

function settingValues(settings: Settings): (number | string | null)[] {
  const { rate, maxWalMb, batchTimeMs, batchSize, maxBatchSize, maxLagMs, maxPasses } = settings;
  return [
    rate,
    maxWalMb,
    batchTimeMs,
    batchSize,
    maxBatchSize,
    maxLagMs,
    maxPasses,
    JSON.stringify(writeSignalSettings(settings)),
  ];
}

/** `?` stands for the value; without one there is no value. */
interface Assignment {
  readonly sql: string;
  readonly value?: SqlValue;
}

function assignments(change: Change): Assignment[] {
  const sets: Assignment[] = [];
  const set = (column: string, value: SqlValue | undefined): void => {
    if (value !== undefined) sets.push({ sql: `${column} = ?`, value });
  };
  set('state', change.state);
  set('desired_state', change.desiredState);
  set('throttled_by', change.throttledBy);
  set('last_error', change.lastError);
  if (change.settings !== undefined) {
    for (const [index, value] of settingValues(change.settings).entries()) set(SETTING_COLUMNS[index] ?? '', value);
  }
  if (change.fileSettings !== undefined) set('file_settings', JSON.stringify(change.fileSettings));
  set('table_oid', change.walk?.tableOid);
  set('key_types', change.walk?.keyTypes);
  set('cannot_tell', change.walk?.cannotTell);
  set('rows_total', change.rowsTotal?.rows);
  set('rows_total_exact', change.rowsTotal?.exact);
  // Without a value they must come last, so that the numbers of the parameters have no gaps.
  if (change.started === true) sets.push({ sql: 'started_at = coalesce(started_at, pg_catalog.clock_timestamp())' });
  if (change.finished !== undefined)
    sets.push({ sql: `finished_at = ${change.finished ? 'pg_catalog.clock_timestamp()' : 'NULL'}` });
  sets.push({ sql: 'updated_at = pg_catalog.clock_timestamp()' });
  return sets;
}

const iso = (column: string): string =>
  `pg_catalog.to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

function select(own: string): string {
  return `SELECT b.name, b.state, b.desired_state AS "desiredState", b.file, b.statement, b.statement_hash AS "statementHash",
       b.table_name AS "table", b.table_oid::pg_catalog.text AS "tableOid", pg_catalog.to_json(b.key_columns) AS "keyColumns",
       pg_catalog.to_json(b.key_types) AS "keyTypes", p.pass, p.rows_done AS "rowsDone", p.rows_visited AS "rowsVisited",
       p.rows_total AS "rowsTotal", p.rows_total_exact AS "rowsTotalExact", p.batches, p.batch_keys AS "batchKeys",
       b.rate AS "maxRate", b.max_wal_mb AS "maxWalMb", b.batch_time_ms AS "batchTimeMs", b.batch_size AS "batchSize",
       b.max_batch_size AS "maxBatchSize",
       b.max_lag_ms AS "maxLagMs", b.max_passes AS "maxPasses", b.signals, b.file_settings AS "fileSettings", p.rate_now AS rate, p.rate_average AS "averageRate",
       p.batch_ms AS "batchMs", b.changed_oid::pg_catalog.text AS "changedOid", b.cannot_tell AS "cannotTell",
       p.eta_seconds AS "etaSeconds",
       p.eta_low AS "etaLow", p.eta_high AS "etaHigh", b.throttled_by AS "throttledBy", b.last_error AS "lastError",
       ${iso('b.started_at')} AS "startedAt", ${iso('p.updated_at')} AS "updatedAt", ${iso('b.finished_at')} AS "finishedAt",
       extract(epoch FROM pg_catalog.clock_timestamp() - p.updated_at) AS "idleSeconds"
  FROM ${own}.backfill AS b JOIN ${own}.backfill_progress AS p USING (name)`;
}

/** As it comes: everything but integer and boolean is text. */
interface Row {
  name: string;
  state: State;
  desiredState: DesiredState;
  file: string | null;
  statement: string;
  statementHash: string;
  table: string;
  tableOid: string | null;
  keyColumns: string;
  keyTypes: string;
  pass: number;
  rowsDone: string;
  rowsVisited: string;
  rowsTotal: string | null;
  rowsTotalExact: boolean;
  batches: string;
  batchKeys: number | null;
  maxRate: string | null;
  maxWalMb: string | null;
  batchTimeMs: string;
  batchSize: number;
  maxBatchSize: number;
  maxLagMs: string;
  maxPasses: number;
  signals: string;
  fileSettings: string;
  rate: string;
  averageRate: string;
  batchMs: string | null;
  changedOid: string | null;
  cannotTell: string | null;
  etaSeconds: string | null;
  etaLow: string | null;
  etaHigh: string | null;
  throttledBy: string | null;
  lastError: string | null;
  startedAt: string | null;
  updatedAt: string;
  finishedAt: string | null;
  idleSeconds: string;
}

function fromRow(row: Row): Stored {
  const {
    name,
    state,
    desiredState,
    file,
    statement,
    statementHash,
    table,
    tableOid,
    changedOid,
    cannotTell,
    throttledBy,
    lastError,
    startedAt,
    updatedAt,
    finishedAt,
  } = row;
  return {
    name,
    state,
    desiredState,
    file,
    statement,
    statementHash,
    table,
    tableOid,
    keyColumns: JSON.parse(row.keyColumns) as string[],
    keyTypes: JSON.parse(row.keyTypes) as string[],
    progress: {
      pass: row.pass,
      rowsDone: Number(row.rowsDone),
      rowsVisited: Number(row.rowsVisited),
      rowsTotal: optional(row.rowsTotal),
      rowsTotalExact: row.rowsTotalExact,
      batches: Number(row.batches),
      batchKeys: row.batchKeys,
    },
    settings: {
      rate: optional(row.maxRate),
      maxWalMb: optional(row.maxWalMb),
      batchTimeMs: Number(row.batchTimeMs),
      batchSize: row.batchSize,
      maxBatchSize: row.maxBatchSize,
      maxLagMs: Number(row.maxLagMs),
      maxPasses: row.maxPasses,
      ...readSignalSettings(JSON.parse(row.signals)),
    },
    fileSettings: JSON.parse(row.fileSettings) as Partial<Settings>,
    rate: Number(row.rate),
    eta:
      row.etaSeconds === null
        ? null
        : {
            seconds: Math.round(Number(row.etaSeconds)),
            range: [Math.round(Number(row.etaLow)), Math.round(Number(row.etaHigh))],
          },
    averageRate: Number(row.averageRate),
    batchMs: optional(row.batchMs),
    changedOid,
    cannotTell,
    throttledBy,
    lastError,
    startedAt,
    updatedAt,
    finishedAt,
    idleSeconds: Number(row.idleSeconds),
  };
}

function optional(value: string | null): number | null {
  return value === null ? null : Number(value);
}
