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
import dropIndexLocksTable from './drop-index-locks-table.ts';
import lockTable from './lock-table.ts';
import mixedTransaction from './mixed-transaction.ts';
import notUnderstood from './not-understood.ts';
import reindexBlocking from './reindex-blocking.ts';
import renameIndexAsTable from './rename-index-as-table.ts';
import setNotNullScan from './set-not-null-scan.ts';
import syntaxError from './syntax-error.ts';
import tableRewrite from './table-rewrite.ts';
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
  dropIndexLocksTable,
  lockTable,
  mixedTransaction,
  notUnderstood,
  reindexBlocking,
  renameIndexAsTable,
  setNotNullScan,
  syntaxError,
  tableRewrite,
  unknownSuppression,
  unusedSuppression,
  writeHeavyTable,
];
