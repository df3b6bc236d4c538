import type { Rule } from '../src/lint/kit.ts';
import addColumnNotNull from './add-column-not-null.ts';
import addColumnRewrite from './add-column-rewrite.ts';
import attachPartitionScan from './attach-partition-scan.ts';
import changeTypeRewrite from './change-type-rewrite.ts';
import concurrentlyInTransaction from './concurrently-in-transaction.ts';
import concurrentlyOnPartitioned from './concurrently-on-partitioned.ts';
import constraintIndexBuild from './constraint-index-build.ts';
import constraintScan from './constraint-scan.ts';
import createIndexBlocking from './create-index-blocking.ts';
import createPartitionLocksParent from './create-partition-locks-parent.ts';
import deleteAllRows from './delete-all-rows.ts';
import detachBesideDefaultPartition from './detach-beside-default-partition.ts';
import detachPartitionLocksParent from './detach-partition-locks-parent.ts';
import domainConstraintScan from './domain-constraint-scan.ts';
import dropColumn from './drop-column.ts';
import dropIndexLocksTable from './drop-index-locks-table.ts';
import dropIndexOfConstraint from './drop-index-of-constraint.ts';
import dropSchema from './drop-schema.ts';
import dropTable from './drop-table.ts';
import enumValueUsedTooEarly from './enum-value-used-too-early.ts';
import foreignKeyTooNarrow from './foreign-key-too-narrow.ts';
import foreignKeyTypesDiffer from './foreign-key-types-differ.ts';
import ifNotExistsHidesDifference from './if-not-exists-hides-difference.ts';
import ifNotExistsKeepsInvalidIndex from './if-not-exists-keeps-invalid-index.ts';
import lockHeldDuringWork from './lock-held-during-work.ts';
import lockTable from './lock-table.ts';
import mixedTransaction from './mixed-transaction.ts';
import moveToSchema from './move-to-schema.ts';
import newerThanServer from './newer-than-server.ts';
import notUnderstood from './not-understood.ts';
import partitionKeyNotInUnique from './partition-key-not-in-unique.ts';
import partitionedForeignKeyNotValid from './partitioned-foreign-key-not-valid.ts';
import reindexBlocking from './reindex-blocking.ts';
import renameColumn from './rename-column.ts';
import renameIndexAsTable from './rename-index-as-table.ts';
import renameTable from './rename-table.ts';
import setNotNullScan from './set-not-null-scan.ts';
import severalTablesLocked from './several-tables-locked.ts';
import syntaxError from './syntax-error.ts';
import tableRewrite from './table-rewrite.ts';
import timeoutDuringConcurrently from './timeout-during-concurrently.ts';
import transactionCommandIgnored from './transaction-command-ignored.ts';
import transactionLeftOpen from './transaction-left-open.ts';
import truncateTable from './truncate-table.ts';
import typeChangeNeedsUsing from './type-change-needs-using.ts';
import unbatchedWrite from './unbatched-write.ts';
import unknownSuppression from './unknown-suppression.ts';
import unusedSuppression from './unused-suppression.ts';
import writeHeavyTable from './write-heavy-table.ts';

/** Every rule, by name. */
export const rules: readonly Rule[] = [
  addColumnNotNull,
  addColumnRewrite,
  attachPartitionScan,
  changeTypeRewrite,
  concurrentlyInTransaction,
  concurrentlyOnPartitioned,
  constraintIndexBuild,
  constraintScan,
  createIndexBlocking,
  createPartitionLocksParent,
  deleteAllRows,
  detachBesideDefaultPartition,
  detachPartitionLocksParent,
  domainConstraintScan,
  dropColumn,
  dropIndexLocksTable,
  dropIndexOfConstraint,
  dropSchema,
  dropTable,
  enumValueUsedTooEarly,
  foreignKeyTooNarrow,
  foreignKeyTypesDiffer,
  ifNotExistsHidesDifference,
  ifNotExistsKeepsInvalidIndex,
  lockHeldDuringWork,
  lockTable,
  mixedTransaction,
  moveToSchema,
  newerThanServer,
  notUnderstood,
  partitionKeyNotInUnique,
  partitionedForeignKeyNotValid,
  reindexBlocking,
  renameColumn,
  renameIndexAsTable,
  renameTable,
  setNotNullScan,
  severalTablesLocked,
  syntaxError,
  tableRewrite,
  timeoutDuringConcurrently,
  transactionCommandIgnored,
  transactionLeftOpen,
  truncateTable,
  typeChangeNeedsUsing,
  unbatchedWrite,
  unknownSuppression,
  unusedSuppression,
  writeHeavyTable,
];
