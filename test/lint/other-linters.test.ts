import { expect, test } from 'vitest';
import { rules } from '../../rules/index.ts';
import { counterparts, findAlias } from '../../src/lint/find-alias.ts';
import { LINTERS, WITHOUT_COUNTERPART } from '../../src/lint/other-linters.ts';

/** The names of `squawk --exclude` in 2.66.0 and later, with the two that are found without being rules there. https://squawkhq.com/docs/rules */
const SQUAWK = `adding-field-with-default adding-foreign-key-constraint adding-not-nullable-field adding-required-field
  adding-serial-primary-key-field ban-alter-domain-with-add-constraint ban-char-field
  ban-concurrent-index-creation-in-transaction ban-create-domain-with-constraint ban-drop-column ban-drop-database
  ban-drop-not-null ban-drop-table ban-duplicate-column-assignments ban-truncate-cascade ban-uncommitted-transaction
  changing-column-type constraint-missing-not-valid disallowed-unique-constraint identifier-too-long
  prefer-bigint-over-int prefer-bigint-over-smallint prefer-identity prefer-repack prefer-robust-stmts
  prefer-text-field prefer-timestamp-tz prefer-timestamptz renaming-column renaming-table
  require-concurrent-index-creation require-concurrent-index-deletion require-concurrent-partition-detach
  require-concurrent-reindex require-enum-value-ordering require-lock-timeout require-statement-timeout
  require-table-schema require-timeout-settings syntax-error transaction-nesting unused-ignore`.split(/\s+/);

/** https://github.com/kaaveland/eugene/tree/main/docs/src/hints */
const EUGENE = ['E1', 'E2', 'E3', 'E4', 'E5', 'E6', 'E7', 'E8', 'E9', 'E10', 'E11', 'W12', 'W13', 'W14', 'E15'];

/** https://github.com/ankane/strong_migrations/blob/master/lib/strong_migrations/error_messages.rb, those for PostgreSQL. */
const STRONG_MIGRATIONS = `add_check_constraint add_column_auto_incrementing add_column_default
  add_column_default_callable add_column_generated_stored add_column_json add_exclusion_constraint add_foreign_key
  add_index add_index_columns add_index_corruption add_reference add_unique_constraint change_column
  change_column_constraint change_column_default change_column_null change_column_with_not_null change_table
  create_table execute remove_column remove_index rename_column rename_enum_value rename_schema rename_table
  validate_check_constraint validate_foreign_key`.split(/\s+/);

const all = counterparts(rules);

test.each([
  ['squawk', SQUAWK],
  ['eugene', EUGENE],
  ['strong_migrations', STRONG_MIGRATIONS],
] as const)('each rule of %s has a counterpart, or a reason why not', (linter, names) => {
  const known = all.filter((one) => one.linter === linter);
  expect(known.map(({ name }) => name)).toEqual([...names].sort());
  expect(known.filter((one) => one.rules.length === 0 && one.reason === null)).toEqual([]);
});

test('no reason stands beside a counterpart', () => {
  for (const linter of LINTERS) {
    const aliased = new Set(rules.flatMap(({ aliases }) => aliases?.[linter] ?? []));
    expect(Object.keys(WITHOUT_COUNTERPART[linter] ?? {}).filter((name) => aliased.has(name))).toEqual([]);
  }
});

test('a name is found however it is spelled, and a linter has all of its own', () => {
  expect(
    findAlias(all, 'ADD-INDEX').map(({ linter, rules: found }) => [linter, found.map(({ name }) => name)]),
  ).toEqual([['strong_migrations', ['create-index-blocking']]]);
  expect(findAlias(all, 'mp001').map(({ name }) => name)).toEqual(['MP001']);
  expect(findAlias(all, 'Squawk')).toHaveLength(SQUAWK.length);
  expect(findAlias(all, 'nothing')).toEqual([]);
});
