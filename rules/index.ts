import type { Rule } from '../src/lint/kit.ts';
import addColumnNotNull from './add-column-not-null.ts';
import addColumnRewrite from './add-column-rewrite.ts';
import attachPartitionScan from './attach-partition-scan.ts';
import autovacuumDisabled from './autovacuum-disabled.ts';
import backfillReadsItself from './backfill-reads-itself.ts';
import cascadingDelete from './cascading-delete.ts';
import changeTypeRewrite from './change-type-rewrite.ts';
import charColumn from './char-column.ts';
import checkNotImmutable from './check-not-immutable.ts';
import columnStillUsed from './column-still-used.ts';
import concurrentlyInTransaction from './concurrently-in-transaction.ts';
import concurrentlyOnPartitioned from './concurrently-on-partitioned.ts';
import constraintIndexBuild from './constraint-index-build.ts';
import constraintLeftNotValid from './constraint-left-not-valid.ts';
import constraintScan from './constraint-scan.ts';
import createIndexBlocking from './create-index-blocking.ts';
import createPartitionLocksParent from './create-partition-locks-parent.ts';
import defaultChanged from './default-changed.ts';
import deleteAllRows from './delete-all-rows.ts';
import detachBesideDefaultPartition from './detach-beside-default-partition.ts';
import detachPartitionLocksParent from './detach-partition-locks-parent.ts';
import domainConstraintScan from './domain-constraint-scan.ts';
import domainWithConstraint from './domain-with-constraint.ts';
import dropColumn from './drop-column.ts';
import dropDatabase from './drop-database.ts';
import dropFunction from './drop-function.ts';
import dropIndexLocksTable from './drop-index-locks-table.ts';
import dropIndexOfConstraint from './drop-index-of-constraint.ts';
import dropNotNull from './drop-not-null.ts';
import dropSchema from './drop-schema.ts';
import dropTable from './drop-table.ts';
import dropUniqueConstraint from './drop-unique-constraint.ts';
import dropView from './drop-view.ts';
import duplicateIndex from './duplicate-index.ts';
import enumValueUnordered from './enum-value-unordered.ts';
import enumValueUsedTooEarly from './enum-value-used-too-early.ts';
import expressionNotImmutable from './expression-not-immutable.ts';
import floatForMoney from './float-for-money.ts';
import foreignKeyTooNarrow from './foreign-key-too-narrow.ts';
import foreignKeyTypesDiffer from './foreign-key-types-differ.ts';
import foreignKeyWithoutIndex from './foreign-key-without-index.ts';
import grantToPublic from './grant-to-public.ts';
import hashIndex from './hash-index.ts';
import ifNotExistsHidesDifference from './if-not-exists-hides-difference.ts';
import ifNotExistsKeepsInvalidIndex from './if-not-exists-keeps-invalid-index.ts';
import indexDroppedBeforeReplacement from './index-dropped-before-replacement.ts';
import intPrimaryKey from './int-primary-key.ts';
import jsonColumn from './json-column.ts';
import lockHeldDuringWork from './lock-held-during-work.ts';
import lockTable from './lock-table.ts';
import locksReferencedTable from './locks-referenced-table.ts';
import mergedMigrationEdited from './merged-migration-edited.ts';
import missingLockTimeout from './missing-lock-timeout.ts';
import mixedTransaction from './mixed-transaction.ts';
import moneyColumn from './money-column.ts';
import moveToSchema from './move-to-schema.ts';
import newConstraintRefusesWrites from './new-constraint-refuses-writes.ts';
import newerThanServer from './newer-than-server.ts';
import noPrimaryKey from './no-primary-key.ts';
import noReplicaIdentity from './no-replica-identity.ts';
import notUnderstood from './not-understood.ts';
import partitionKeyNotInUnique from './partition-key-not-in-unique.ts';
import partitionedForeignKeyNotValid from './partitioned-foreign-key-not-valid.ts';
import publishedTableChanged from './published-table-changed.ts';
import reindexBlocking from './reindex-blocking.ts';
import renameColumn from './rename-column.ts';
import renameEnumValue from './rename-enum-value.ts';
import renameIndexAsTable from './rename-index-as-table.ts';
import renameTable from './rename-table.ts';
import requiredColumnLosesDefault from './required-column-loses-default.ts';
import rowSecurityHidesRows from './row-security-hides-rows.ts';
import securityDefinerSearchPath from './security-definer-search-path.ts';
import serialColumn from './serial-column.ts';
import setNotNullScan from './set-not-null-scan.ts';
import severalTablesLocked from './several-tables-locked.ts';
import superuserRole from './superuser-role.ts';
import syntaxError from './syntax-error.ts';
import tableRewrite from './table-rewrite.ts';
import timeoutDuringConcurrently from './timeout-during-concurrently.ts';
import timestampWithoutTimeZone from './timestamp-without-time-zone.ts';
import transactionCommandIgnored from './transaction-command-ignored.ts';
import transactionLeftOpen from './transaction-left-open.ts';
import truncateTable from './truncate-table.ts';
import typeChangeBreaksPlans from './type-change-breaks-plans.ts';
import typeChangeLosesData from './type-change-loses-data.ts';
import typeChangeNeedsUsing from './type-change-needs-using.ts';
import unbatchedWrite from './unbatched-write.ts';
import unknownDirective from './unknown-directive.ts';
import unknownSuppression from './unknown-suppression.ts';
import unnamedConstraint from './unnamed-constraint.ts';
import unpublishedTable from './unpublished-table.ts';
import unusedSuppression from './unused-suppression.ts';
import varcharLimit from './varchar-limit.ts';
import wideIndex from './wide-index.ts';
import wideTable from './wide-table.ts';
import writeHeavyTable from './write-heavy-table.ts';

/** Every rule, by name. */
export const rules: readonly Rule[] = [
  addColumnNotNull,
  addColumnRewrite,
  attachPartitionScan,
  autovacuumDisabled,
  backfillReadsItself,
  cascadingDelete,
  changeTypeRewrite,
  charColumn,
  checkNotImmutable,
  columnStillUsed,
  concurrentlyInTransaction,
  concurrentlyOnPartitioned,
  constraintIndexBuild,
  constraintLeftNotValid,
  constraintScan,
  createIndexBlocking,
  createPartitionLocksParent,
  defaultChanged,
  deleteAllRows,
  detachBesideDefaultPartition,
  detachPartitionLocksParent,
  domainConstraintScan,
  domainWithConstraint,
  dropColumn,
  dropDatabase,
  dropFunction,
  dropIndexLocksTable,
  dropIndexOfConstraint,
  dropNotNull,
  dropSchema,
  dropTable,
  dropUniqueConstraint,
  dropView,
  duplicateIndex,
  enumValueUnordered,
  enumValueUsedTooEarly,
  expressionNotImmutable,
  floatForMoney,
  foreignKeyTooNarrow,
  foreignKeyTypesDiffer,
  foreignKeyWithoutIndex,
  grantToPublic,
  hashIndex,
  ifNotExistsHidesDifference,
  ifNotExistsKeepsInvalidIndex,
  indexDroppedBeforeReplacement,
  intPrimaryKey,
  jsonColumn,
  lockHeldDuringWork,
  lockTable,
  locksReferencedTable,
  mergedMigrationEdited,
  missingLockTimeout,
  mixedTransaction,
  moneyColumn,
  moveToSchema,
  newConstraintRefusesWrites,
  newerThanServer,
  noPrimaryKey,
  noReplicaIdentity,
  notUnderstood,
  partitionKeyNotInUnique,
  partitionedForeignKeyNotValid,
  publishedTableChanged,
  reindexBlocking,
  renameColumn,
  renameEnumValue,
  renameIndexAsTable,
  renameTable,
  requiredColumnLosesDefault,
  rowSecurityHidesRows,
  securityDefinerSearchPath,
  serialColumn,
  setNotNullScan,
  severalTablesLocked,
  superuserRole,
  syntaxError,
  tableRewrite,
  timeoutDuringConcurrently,
  timestampWithoutTimeZone,
  transactionCommandIgnored,
  transactionLeftOpen,
  truncateTable,
  typeChangeBreaksPlans,
  typeChangeLosesData,
  typeChangeNeedsUsing,
  unbatchedWrite,
  unknownDirective,
  unknownSuppression,
  unnamedConstraint,
  unpublishedTable,
  unusedSuppression,
  varcharLimit,
  wideIndex,
  wideTable,
  writeHeavyTable,
];
