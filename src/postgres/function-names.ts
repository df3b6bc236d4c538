import type { Name } from '../sql/action.ts';
import { builtinVolatility } from './functions.ts';
import type { LockMode } from './lock-mode.ts';

/** Aggregates and window functions of PostgreSQL 13 to 18, and what else functions.ts leaves out and people call. */
const AGGREGATES = words(`
  any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count covar_pop covar_samp cume_dist dense_rank
  every first_value json_agg json_agg_strict json_object_agg json_object_agg_strict json_object_agg_unique
  json_object_agg_unique_strict jsonb_agg jsonb_agg_strict jsonb_object_agg jsonb_object_agg_strict
  jsonb_object_agg_unique jsonb_object_agg_unique_strict lag last_value lead max min mode nth_value ntile percent_rank
  percentile_cont percentile_disc range_agg range_intersect_agg rank regr_avgx regr_avgy regr_count regr_intercept
  regr_r2 regr_slope regr_sxx regr_sxy regr_syy row_number starts_with stddev stddev_pop stddev_samp string_agg sum
  var_pop var_samp variance xmlagg
`);

/** Functions of common extensions that lock no table of the user's. */
const EXTENSIONS = words(`
  crypt digest dblink_connect dblink_disconnect dblink_exec hmac pgp_sym_decrypt pgp_sym_encrypt show_limit set_limit
  similarity unaccent uuid_nil uuid_generate_v3 uuid_generate_v5 add_compression_policy add_continuous_aggregate_policy
  add_job add_reorder_policy add_retention_policy alter_job delete_job remove_compression_policy
  remove_continuous_aggregate_policy remove_reorder_policy remove_retention_policy set_chunk_time_interval
  set_integer_now_func timescaledb_post_restore timescaledb_pre_restore
`);

/** Schemas that extensions keep their own functions in, which lock their own tables alone. */
const EXTENSION_SCHEMAS: ReadonlySet<string> = new Set([
  'cron',
  'net',
  'pgmq',
  'vault',
  'pg_catalog',
  'information_schema',
]);

/** Whether a function is PostgreSQL's own, or one of an extension, and known to lock no table or only those that `tableLock` tells. */
export function isOwnFunction({ schema, name }: Name): boolean {
  if (schema !== null && EXTENSION_SCHEMAS.has(schema)) return true;
  if (TABLE_FUNCTIONS.has(name) || EXTENSIONS.has(name) || /^(?:st|postgis|uuid)_/.test(name)) return true;
  // Names that begin with pg_ are PostgreSQL's own by custom.
  return schema === null && (builtinVolatility(name) !== 'unknown' || AGGREGATES.has(name) || name.startsWith('pg_'));
}

interface TableFunction {
  /** Where the table stands among the arguments: `geometry` as in PostGIS. */
  readonly names: 'first' | 'geometry';
  readonly lock: LockMode;
  readonly rewrite: boolean;
  readonly because: string;
}

/**
 * Functions of extensions that do DDL on a table named by an argument.
 * https://github.com/timescale/timescaledb/blob/main/src/hypertable.c, https://postgis.net/docs/AddGeometryColumn.html and
 * https://www.citusdata.com/updates/v11-1 (create_distributed_table blocks modifications)
 */
const TABLE_FUNCTIONS: ReadonlyMap<string, TableFunction> = new Map([
  ['create_hypertable', ddl('TimescaleDB makes it a hypertable, and moves the rows that are in it')],
  ['create_distributed_table', ddl('Citus distributes it, and copies the rows that are in it', 'ExclusiveLock')],
  ['create_reference_table', ddl('Citus copies it to every node', 'ExclusiveLock')],
  ['addgeometrycolumn', ddl('AddGeometryColumn adds a column', 'AccessExclusiveLock', 'geometry')],
  ['dropgeometrycolumn', ddl('DropGeometryColumn drops a column', 'AccessExclusiveLock', 'geometry')],
  [
    'updategeometrysrid',
    {
      ...ddl('UpdateGeometrySRID changes the type of a column, and every row', 'AccessExclusiveLock', 'geometry'),
      rewrite: true,
    },
  ],
]);

function ddl(
  because: string,
  lock: LockMode = 'AccessExclusiveLock',
  names: TableFunction['names'] = 'first',
): TableFunction {
  return { names, lock, rewrite: false, because };
}

/** What a call of an extension's function does to the table that it names; null for any other. */
export function tableFunction({ name }: Name): TableFunction | null {
  return TABLE_FUNCTIONS.get(name) ?? null;
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
