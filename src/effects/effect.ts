import type { LockMode } from '../postgres/lock-mode.ts';
import type { ActionKind, AlterCommand } from '../sql/action.ts';

/** What a statement does to one relation that it locks. Field by field as in the JSON of `tiptoe explain`. */
export interface Effect {
  /** Schema-qualified, as `public.users`. */
  readonly relation: string;
  /** The strongest mode taken. */
  readonly lock: LockMode;
  /** A new heap is written from the old rows. */
  readonly rewrite: boolean;
  /** DDL reads the whole heap; true for every rewrite and index build. */
  readonly scan: boolean;
  readonly indexBuild: boolean;
  /** DML writes rows. */
  readonly rows: boolean;
  /** False for what the same file created. */
  readonly preexisting: boolean;
  /** A long job under a lock that lets writes through. */
  readonly online: boolean;
  /**
   * What it takes whatever the rows are, null for nothing: a partition is locked when a row is routed to it, a referenced table when a key is
   * looked up, and code asks before it writes.
   */
  readonly certain: LockMode | null;
  /** The reason for the heaviest part. */
  readonly because: string;
  /** Each thing that the statement does to the relation, in order. */
  readonly parts: readonly EffectPart[];
}

/** What one subcommand of ALTER TABLE, or the statement as a whole, does to a relation. */
export interface EffectPart {
  readonly by: AlterCommand['kind'] | ActionKind;
  readonly rewrite: boolean;
  readonly scan: boolean;
  readonly indexBuild: boolean;
  readonly because: string;
}

/** What `effects` answers for a statement. */
export interface Effects {
  readonly relations: readonly Effect[];
  /** Why the statement is not, or only partly, understood; null when it is. */
  readonly notUnderstood: string | null;
}
