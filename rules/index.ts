import type { Rule } from '../src/lint/kit.ts';
import addColumnRewrite from './add-column-rewrite.ts';
import attachPartitionScan from './attach-partition-scan.ts';
import changeTypeRewrite from './change-type-rewrite.ts';
import concurrentlyInTransaction from './concurrently-in-transaction.ts';
import constraintIndexBuild from './constraint-index-build.ts';
import constraintScan from './constraint-scan.ts';
import createIndexBlocking from './create-index-blocking.ts';
import createPartitionLocksParent from './create-partition-locks-parent.ts';
import detachPartitionLocksParent from './detach-partition-locks-parent.ts';
import domainConstraintScan from './domain-constraint-scan.ts';
import dropColumn from './drop-column.ts';
import dropIndexLocksTable from './drop-index-locks-table.ts';
import dropSchema from './drop-schema.ts';
import dropTable from './drop-table.ts';
import lockTable from './lock-table.ts';
import mixedTransaction from './mixed-transaction.ts';
import moveToSchema from './move-to-schema.ts';
import notUnderstood from './not-understood.ts';
import reindexBlocking from './reindex-blocking.ts';
import renameColumn from './rename-column.ts';
import renameIndexAsTable from './rename-index-as-table.ts';
import renameTable from './rename-table.ts';
import setNotNullScan from './set-not-null-scan.ts';
import syntaxError from './syntax-error.ts';
import tableRewrite from './table-rewrite.ts';
import truncateTable from './truncate-table.ts';
import unknownSuppression from './unknown-suppression.ts';
import unusedSuppression from './unused-suppression.ts';
import writeHeavyTable from './write-heavy-table.ts';

/** Every rule, by name. */
export const rules: readonly Rule[] = [
  addColumnRewrite,
  attachPartitionScan,
  changeTypeRewrite,
  concurrentlyInTransaction,
  constraintIndexBuild,
  constraintScan,
  createIndexBlocking,
  createPartitionLocksParent,
  detachPartitionLocksParent,
  domainConstraintScan,
  dropColumn,
  dropIndexLocksTable,
  dropSchema,
  dropTable,
  lockTable,
  mixedTransaction,
  moveToSchema,
  notUnderstood,
  reindexBlocking,
  renameColumn,
  renameIndexAsTable,
  renameTable,
  setNotNullScan,
  syntaxError,
  tableRewrite,
  truncateTable,
  unknownSuppression,
  unusedSuppression,
  writeHeavyTable,
];
