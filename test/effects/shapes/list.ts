import { ADD_COLUMN } from './add-column.ts';
import { ALTER_COLUMN } from './alter-column.ts';
import { CHANGE_TYPE } from './change-type.ts';
import { CONSTRAINTS } from './constraints.ts';
import { DOMAINS_AND_TYPES } from './domains-and-types.ts';
import { FOREIGN_KEYS } from './foreign-keys.ts';
import { FOREIGN_KEYS_OF_PARTITIONS } from './foreign-keys-of-partitions.ts';
import { FUNCTIONS_AND_DO } from './functions-and-do.ts';
import { INDEXES } from './indexes.ts';
import { INHERITED_AND_PROVED } from './inherited-and-proved.ts';
import { INHERITANCE } from './inheritance.ts';
import { MAINTENANCE } from './maintenance.ts';
import { MISC } from './misc.ts';
import { PARTITION_BOUNDS } from './partition-bounds.ts';
import { PARTITIONS } from './partitions.ts';
import { QUERIES } from './queries.ts';
import { SEQUENCES } from './sequences.ts';
import { SUBCOMMANDS } from './subcommands.ts';
import { TABLES } from './tables.ts';
import { TRIGGERS_RULES_POLICIES } from './triggers-rules-policies.ts';
import { VIEWS } from './views.ts';
import type { Shape } from './shape.ts';

/** All shapes; what each locks, rewrites and scans is asked of the server. */
export const SHAPES: readonly Shape[] = [
  ...ADD_COLUMN,
  ...ALTER_COLUMN,
  ...CHANGE_TYPE,
  ...SUBCOMMANDS,
  ...CONSTRAINTS,
  ...FOREIGN_KEYS,
  ...FOREIGN_KEYS_OF_PARTITIONS,
  ...INDEXES,
  ...PARTITIONS,
  ...PARTITION_BOUNDS,
  ...INHERITANCE,
  ...INHERITED_AND_PROVED,
  ...TABLES,
  ...VIEWS,
  ...SEQUENCES,
  ...TRIGGERS_RULES_POLICIES,
  ...DOMAINS_AND_TYPES,
  ...FUNCTIONS_AND_DO,
  ...QUERIES,
  ...MAINTENANCE,
  ...MISC,
].map((shape) => (typeof shape === 'string' ? { sql: shape } : shape));
