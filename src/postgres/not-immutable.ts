/**
 * Functions of which every form is STABLE or VOLATILE, and which people nevertheless put where PostgreSQL wants IMMUTABLE; a test
 * compares them with the server.
 */
export const NOT_IMMUTABLE: ReadonlySet<string> = new Set([
  'array_to_string',
  'clock_timestamp',
  'concat',
  'concat_ws',
  'current_setting',
  'format',
  'gen_random_uuid',
  'json_build_array',
  'json_build_object',
  'jsonb_build_array',
  'jsonb_build_object',
  'nextval',
  'now',
  'pg_backend_pid',
  'random',
  'row_to_json',
  'statement_timestamp',
  'timeofday',
  'to_char',
  'to_date',
  'to_json',
  'to_jsonb',
  'transaction_timestamp',
]);
