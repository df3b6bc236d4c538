/**
 * Volatility of the functions in pg_catalog, PostgreSQL 13 to 18, read from pg_proc (a test compares them with the server).
 * A name is volatile when any function of that name is.
 */
export const VOLATILE = words(`
  amvalidate array_sample array_shuffle clock_timestamp current_query currtid2 currval gen_random_uuid lastval
  lo_close lo_creat lo_create lo_export lo_from_bytea lo_get lo_import lo_lseek lo_lseek64 lo_open lo_put lo_tell
  lo_tell64 lo_truncate lo_truncate64 lo_unlink nextval pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock
  pg_advisory_unlock_all pg_advisory_unlock_shared pg_advisory_xact_lock pg_advisory_xact_lock_shared
  pg_available_wal_summaries pg_blocking_pids pg_cancel_backend pg_collation_actual_version
  pg_database_collation_actual_version pg_database_size pg_export_snapshot pg_indexes_size pg_lock_status pg_nextoid
  pg_notification_queue_usage pg_notify pg_partition_ancestors pg_partition_tree pg_prepared_xact pg_promote
  pg_relation_size pg_reload_conf pg_rotate_logfile pg_safe_snapshot_blocking_pids pg_sequence_last_value pg_sleep
  pg_sleep_for pg_sleep_until pg_switch_wal pg_sync_replication_slots pg_table_size pg_tablespace_size
  pg_terminate_backend pg_total_relation_size pg_try_advisory_lock pg_try_advisory_lock_shared
  pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared pg_xact_commit_timestamp pg_xact_commit_timestamp_origin
  pg_xact_status random random_normal set_config setseed setval timeofday ts_rewrite txid_status uuidv4 uuidv7
`);

/** Without I/O functions, operators' implementations and other internals that nobody calls by name. */
export const NOT_VOLATILE = words(`
  abbrev abs aclcontains acldefault aclexplode aclinsert aclremove acos acosd acosh age area array_append array_dims
  array_fill array_length array_lower array_ndims array_position array_positions array_prepend array_remove
  array_replace array_reverse array_sort array_to_json array_to_string array_to_tsvector array_upper ascii asin asind
  asinh atan atan2 atan2d atand atanh bit bit_count bit_length bool bound_box box bpchar broadcast btequalimage btrim
  btvarstrequalimage bytea cardinality casefold cash_words cbrt ceil ceiling center char char_length character_length
  chr cidr circle col_description concat concat_ws convert convert_from convert_to cos cosd cosh cot cotd crc32 crc32c
  current_database current_schema current_schemas current_setting current_user database_to_xml
  database_to_xml_and_xmlschema database_to_xmlschema date date_add date_bin date_part date_subtract date_trunc
  datemultirange daterange daterange_canonical daterange_subdiff decode degrees dexp diagonal diameter div dlog1
  dlog10 dround dtrunc encode enum_first enum_last enum_range erf erfc exp extract factorial family float4 float8
  floor fmgr_c_validator fmgr_internal_validator fmgr_sql_validator format format_type gamma gcd generate_series
  generate_subscripts get_bit get_byte get_current_ts_config getdatabaseencoding getpgusername
  has_any_column_privilege has_column_privilege has_database_privilege has_foreign_data_wrapper_privilege
  has_function_privilege has_language_privilege has_largeobject_privilege has_parameter_privilege has_schema_privilege
  has_sequence_privilege has_server_privilege has_table_privilege has_tablespace_privilege has_type_privilege height
  host hostmask icu_unicode_version inet_client_addr inet_client_port inet_merge inet_same_family inet_server_addr
  inet_server_port initcap int2 int4 int4inc int4multirange int4range int4range_canonical int4range_subdiff int8
  int8dec int8dec_any int8inc int8inc_any int8multirange int8range int8range_canonical int8range_subdiff interval
  is_normalized isclosed isempty isfinite ishorizontal isopen isparallel isperp isvertical json_array_elements
  json_array_elements_text json_array_length json_build_array json_build_object json_each json_each_text
  json_extract_path json_extract_path_text json_object json_object_keys json_populate_record json_populate_recordset
  json_strip_nulls json_to_record json_to_recordset json_to_tsvector json_typeof jsonb_array_elements
  jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text
  jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_keys jsonb_path_exists
  jsonb_path_exists_tz jsonb_path_match jsonb_path_match_tz jsonb_path_query jsonb_path_query_array
  jsonb_path_query_array_tz jsonb_path_query_first jsonb_path_query_first_tz jsonb_path_query_tz jsonb_populate_record
  jsonb_populate_record_valid jsonb_populate_recordset jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls
  jsonb_to_record jsonb_to_recordset jsonb_to_tsvector jsonb_typeof justify_days justify_hours justify_interval lcm
  left length lgamma like like_escape line ln log log10 lower lower_inc lower_inf lpad lseg ltrim macaddr macaddr8
  macaddr8_set7bit make_date make_interval make_time make_timestamp make_timestamptz makeaclitem masklen md5 min_scale
  mod money multirange multirange_intersect_agg_transfn mxid_age name nameconcatoid netmask network normalize notlike
  now npoints num_nonnulls num_nulls numeric numeric_div_trunc numeric_exp numeric_inc numeric_ln numeric_log
  numeric_sqrt nummultirange numnode numrange numrange_subdiff obj_description octet_length oid oidvectortypes
  overlaps overlay parse_ident path pclose pg_available_extension_versions pg_available_extensions pg_basetype
  pg_char_to_encoding pg_client_encoding pg_collation_for pg_collation_is_visible pg_column_compression
  pg_column_is_updatable pg_column_size pg_column_toast_chunk_id pg_conf_load_time pg_config pg_conversion_is_visible
  pg_current_snapshot pg_current_xact_id pg_current_xact_id_if_assigned pg_cursor pg_describe_object
  pg_encoding_max_length pg_encoding_to_char pg_event_trigger_ddl_commands pg_event_trigger_dropped_objects
  pg_event_trigger_table_rewrite_oid pg_event_trigger_table_rewrite_reason pg_extension_update_paths
  pg_filenode_relation pg_function_is_visible pg_get_acl pg_get_catalog_foreign_keys pg_get_constraintdef pg_get_expr
  pg_get_function_arg_default pg_get_function_arguments pg_get_function_identity_arguments pg_get_function_result
  pg_get_function_sqlbody pg_get_functiondef pg_get_indexdef pg_get_keywords pg_get_object_address
  pg_get_partition_constraintdef pg_get_partkeydef pg_get_publication_tables pg_get_replica_identity_index
  pg_get_ruledef pg_get_serial_sequence pg_get_statisticsobjdef pg_get_statisticsobjdef_columns
  pg_get_statisticsobjdef_expressions pg_get_triggerdef pg_get_userbyid pg_get_viewdef pg_has_role pg_identify_object
  pg_identify_object_as_address pg_index_column_has_property pg_index_has_property pg_indexam_has_property
  pg_indexam_progress_phasename pg_input_error_info pg_input_is_valid pg_is_other_temp_schema pg_listening_channels
  pg_lsn pg_mcv_list_items pg_my_temp_schema pg_opclass_is_visible pg_operator_is_visible pg_opfamily_is_visible
  pg_options_to_table pg_partition_root pg_postmaster_start_time pg_prepared_statement pg_relation_filenode
  pg_relation_filepath pg_relation_is_publishable pg_relation_is_updatable pg_replication_origin_oid
  pg_sequence_parameters pg_settings_get_flags pg_show_all_settings pg_size_bytes pg_size_pretty pg_snapshot_xip
  pg_snapshot_xmax pg_snapshot_xmin pg_split_walfile_name pg_stat_get_total_analyze_time
  pg_stat_get_total_autoanalyze_time pg_stat_get_total_autovacuum_time pg_stat_get_total_vacuum_time
  pg_statistics_obj_is_visible pg_table_is_visible pg_tablespace_databases pg_tablespace_location
  pg_timezone_abbrevs_abbrevs pg_timezone_abbrevs_zone pg_timezone_names pg_trigger_depth pg_ts_config_is_visible
  pg_ts_dict_is_visible pg_ts_parser_is_visible pg_ts_template_is_visible pg_type_is_visible pg_typeof
  pg_visible_in_snapshot pg_wal_lsn_diff pg_walfile_name pg_walfile_name_offset phraseto_tsquery pi plainto_tsquery
  point polygon popen position postgresql_fdw_validator pow power querytree quote_ident quote_literal quote_nullable
  radians radius range_intersect_agg_transfn range_merge regclass regexp_count regexp_instr regexp_like regexp_match
  regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr repeat replace reverse right
  round row_security_active row_to_json rpad rtrim scale schema_to_xml schema_to_xml_and_xmlschema schema_to_xmlschema
  session_user set_bit set_byte set_masklen setweight sha224 sha256 sha384 sha512 shobj_description sign
  similar_escape similar_to_escape sin sind sinh slope split_part sqrt statement_timestamp string_to_array
  string_to_table strip strpos substr substring system_user table_to_xml table_to_xml_and_xmlschema table_to_xmlschema
  tan tand tanh text textlen time timestamp timestamptz timetz timezone to_ascii to_bin to_char to_date to_hex to_json
  to_jsonb to_number to_oct to_regclass to_regcollation to_regnamespace to_regoper to_regoperator to_regproc
  to_regprocedure to_regrole to_regtype to_regtypemod to_timestamp to_tsquery to_tsvector transaction_timestamp
  translate trim_array trim_scale trunc ts_debug ts_delete ts_filter ts_headline ts_lexize ts_parse ts_rank ts_rank_cd
  ts_token_type tsmultirange tsquery_phrase tsrange tsrange_subdiff tstzmultirange tstzrange tstzrange_subdiff
  tsvector_to_array txid_current txid_current_if_assigned txid_current_snapshot txid_snapshot_xip txid_snapshot_xmax
  txid_snapshot_xmin txid_visible_in_snapshot unicode_assigned unicode_version unistr unnest upper upper_inc upper_inf
  uuid_extract_timestamp uuid_extract_version varbit varchar version websearch_to_tsquery width width_bucket xid xml
  xml_is_well_formed xml_is_well_formed_content xml_is_well_formed_document xmlcomment xmlexists xmltext xmlvalidate
  xpath xpath_exists
`);

/** Common functions of extensions, which are in no catalog that a migration shows. */
const VOLATILE_EXTENSIONS = words(`
  gen_random_bytes gen_salt uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 uuid_generate_v7 nanoid ulid_generate gen_ulid ulid
`);

/** Functions that people call and of which none of that name is immutable, beside the volatile ones. */
export const STABLE = words(`
  array_to_json array_to_string concat concat_ws convert convert_from convert_to current_database current_schema
  current_schemas current_setting current_user enum_first enum_last enum_range format format_type inet_client_addr
  json_build_array json_build_object jsonb_build_array jsonb_build_object make_timestamptz now obj_description
  pg_backend_pid pg_get_userbyid pg_typeof row_to_json session_user statement_timestamp to_char to_date to_json to_jsonb to_number
  to_regclass to_regtype transaction_timestamp txid_current version
`);

/** As the extensions declare them. */
const STABLE_EXTENSIONS = words(`unaccent`);

/** Whether PostgreSQL refuses a function in an index or a generated column; a name with an immutable form is not. */
export function isNeverImmutable(name: string): boolean {
  if (STABLE.has(name) || STABLE_EXTENSIONS.has(name) || VOLATILE_EXTENSIONS.has(name)) return true;
  return VOLATILE.has(name) && name !== 'ts_rewrite';
}

export type Volatility = 'volatile' | 'not-volatile' | 'unknown';

export function builtinVolatility(name: string): Volatility {
  if (VOLATILE.has(name) || VOLATILE_EXTENSIONS.has(name)) return 'volatile';
  return NOT_VOLATILE.has(name) ? 'not-volatile' : 'unknown';
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
