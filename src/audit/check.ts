import type { Category, Severity } from '../lint/kit.ts';
import type { WriteBudgets } from '../lint/write-budgets.ts';

/** What a check finds of one object of the server: what is there, the SQL to look closer, what to do, with the real names. */
export interface Found {
  readonly kind: 'found';
  /** By what `audit.ignore` names it: `public.orders_total`, a role, a slot. It stays the same from run to run. */
  readonly object: string;
  readonly relation: string | null;
  readonly message: string;
  /** Where it is other than what the check says in general. */
  readonly why?: string;
  readonly look: string;
  readonly instead: string;
  /** Where it is other than the check's own. */
  readonly severity?: Severity;
}

/** What could not be seen: never passed over in silence. */
export interface Unseen {
  readonly kind: 'unseen';
  readonly message: string;
  readonly look: string;
  readonly instead: string;
}

/** A setting as a session without settings of its own gets it; null where the server hides that behind those of our role. */
export type ServerDefaults = Readonly<Record<string, string | null>>;

/** Whether a table of tiptoe's own is there, and ours to read. */
export type OwnTable = 'absent' | 'hidden' | 'readable';

/** What all checks know of the server, the same for all of them. */
export interface AuditContext {
  /** The major version. */
  readonly version: number;
  readonly database: string;
  readonly user: string;
  readonly isStandby: boolean;
  /** Standbys that are connected to this server. */
  readonly standbys: number;
  /** When the counters of this database began, in UTC, and how long ago that is; null where the server does not know. */
  readonly countingSince: string | null;
  readonly countingSeconds: number | null;
  readonly defaults: ServerDefaults;
  /** tiptoe's own schema, and the ledger in it. */
  readonly schema: string;
  readonly ledger: OwnTable;
  readonly settings: AuditSettings;
  /** What tables may be written, by what their migrations and the config say. */
  readonly budgets: WriteBudgets;
}

/** From where on something is worth a word; `audit` in the config. */
export interface AuditSettings {
  /** Transactions that have been open for longer. */
  readonly longTransactionMs: number;
  /** An index is unused when no scan was counted for so long. */
  readonly unusedAfterMs: number;
  /** WAL that a slot may hold. */
  readonly maxSlotWalBytes: number;
  /** How much of the numbers of a key may be used, in percent. */
  readonly maxKeyPercent: number;
  /** Smaller tables need no index for a foreign key, and what is unused there costs nothing. */
  readonly minTableBytes: number;
}

export const DEFAULT_AUDIT_SETTINGS: AuditSettings = {
  longTransactionMs: 5 * 60_000,
  unusedAfterMs: 7 * 24 * 3_600_000,
  maxSlotWalBytes: 2 ** 30,
  maxKeyPercent: 50,
  minTableBytes: 2 ** 20,
};

/** Two looks at the same counters. */
export interface Sample<Row> {
  readonly earlier: readonly Row[];
  readonly seconds: number;
}

interface CheckBase {
  /** Kebab-case, and the name of its file. */
  readonly name: string;
  readonly category: Category;
  readonly severity: Severity;
  readonly docs: { readonly what: string; readonly why: string; readonly instead: string; readonly source: string };
  /** Whether it compares two looks, where a sample was asked for. */
  readonly sampled?: boolean;
  /** One query, of catalogs and statistics views alone, run with `search_path = pg_catalog`; or why it makes no sense here. */
  sql(context: AuditContext): string | Unseen | null;
}

export interface Check extends CheckBase {
  /** A method, so that a check may take the rows that its own query returns. */
  judge(rows: readonly object[], context: AuditContext, sample: Sample<object> | null): readonly (Found | Unseen)[];
}

/** A check is a value: a query, and a judgement of its rows without side effects. */
export function defineCheck<Row extends object>(
  check: CheckBase & {
    judge(rows: readonly Row[], context: AuditContext, sample: Sample<Row> | null): readonly (Found | Unseen)[];
  },
): Check {
  return check;
}

export function found(verdict: Omit<Found, 'kind'>): Found {
  return { kind: 'found', ...verdict };
}

export function unseen(verdict: Omit<Unseen, 'kind'>): Unseen {
  return { kind: 'unseen', ...verdict };
}
