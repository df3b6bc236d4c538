import type { Check } from './check.ts';
import { coveredIndex } from './checks/covered-index.ts';
import { duplicateIndex } from './checks/duplicate-index.ts';
import { foreignKeyWithoutIndex } from './checks/foreign-key-without-index.ts';
import { halfDoneMigration } from './checks/half-done-migration.ts';
import { invalidIndex } from './checks/invalid-index.ts';
import { keyRunningOut } from './checks/key-running-out.ts';
import { longTransaction } from './checks/long-transaction.ts';
import { noPrimaryKey } from './checks/no-primary-key.ts';
import { noReplicaIdentity } from './checks/no-replica-identity.ts';
import { notChecked } from './checks/not-checked.ts';
import { overWriteBudget } from './checks/over-write-budget.ts';
import { preparedTransaction } from './checks/prepared-transaction.ts';
import { replicationSlotHoldsWal } from './checks/replication-slot-holds-wal.ts';
import { roleTimeoutMissing } from './checks/role-timeout-missing.ts';
import { unusedIndex } from './checks/unused-index.ts';
import { unvalidatedConstraint } from './checks/unvalidated-constraint.ts';
import { wraparoundAge } from './checks/wraparound-age.ts';

/** All checks, in the order in which they are run and told. */
export const checks: readonly Check[] = [
  invalidIndex,
  unvalidatedConstraint,
  halfDoneMigration,
  keyRunningOut,
  noPrimaryKey,
  noReplicaIdentity,
  foreignKeyWithoutIndex,
  duplicateIndex,
  coveredIndex,
  unusedIndex,
  overWriteBudget,
  roleTimeoutMissing,
  longTransaction,
  preparedTransaction,
  replicationSlotHoldsWal,
  wraparoundAge,
  notChecked,
];
