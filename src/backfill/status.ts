import { closest } from '../closest.ts';
import type { Session } from '../db/session.ts';
import { Problem } from '../problem.ts';
import { leaseHolder } from '../safety/lease.ts';
import { accessProblem } from './access.ts';
import { readLag } from './figures.ts';
import type { Lag } from './lag.ts';
import { leaseName } from './lease-name.ts';
import type { BackfillProgress } from './event.ts';
import type { DesiredState } from './machine.ts';
import type { Settings } from './settings.ts';
import { furtherWorkers } from './share.ts';
import { readDeadRows } from './signals/dead-rows.ts';
import { countSkipped } from './skipped.ts';
import { openStore, type Stored } from './store.ts';
import { readUpkeep, rowsInsertedSince, type Upkeep } from './upkeep.ts';
import { readTimeLost, type TimeLost } from './waits.ts';

/** What people and programs are told of a backfill. */
export interface BackfillStatus extends BackfillProgress {
  readonly name: string;
  readonly desiredState: DesiredState;
  /** The process at work; null when there is none, whatever the state says. */
  readonly runner: string | null;
  /** How many work at it, on all machines. */
  readonly workers: number;
  /** Keys that are left out because of errors. */
  readonly keysSkipped: number;
  /** Rows changed per second since the processes at work, or the last ones, began; waits included. */
  readonly averageRate: number;
  /** How long the last batch took; null before the first one. */
  readonly lastBatchMs: number | null;
  /** Of the standby that is furthest behind, as the process at work saw it; null where nobody knows. */
  readonly replicaLagMs: number | null;
  /** null without a process at work. */
  readonly replicaLag: Lag['kind'] | null;
  /** Of the walked table, by the server's statistics; null before the start. */
  readonly deadRows: number | null;
  /** Why the WHERE cannot tell which rows are done, so that those that come behind the walk stay as they are; null where it can. */
  readonly cannotTell: string | null;
  readonly table: string;
  readonly key: readonly string[];
  readonly pass: number;
  readonly settings: Settings;
  /** The most first. */
  readonly timeLost: readonly TimeLost[];
  readonly file: string | null;
  readonly startedAt: string | null;
  readonly updatedAt: string;
  readonly finishedAt: string | null;
}

/** Of one alone, where more may be asked of the server. */
export interface BackfillDetails extends BackfillStatus {
  readonly upkeep: Upkeep | null;
  /** Rows that came into the walked table since it began, by the server's statistics; null where nobody knows. */
  readonly rowsInserted: number | null;
}

/** All backfills, in the order in which they were registered; none where the tables are missing. Only reads. */
export async function listBackfills(session: Session, schema: string): Promise<BackfillStatus[]> {
  const store = openStore(schema);
  try {
    const all = (await store.exists(session)) ? await store.list(session) : [];
    const statuses: BackfillStatus[] = [];
    for (const stored of all) {
      statuses.push(await toStatus(session, schema, stored));
    }
    return statuses;
  } catch (error) {
    throw accessProblem(error, session.connection, schema);
  }
}

/** One backfill; throws a Problem (exit 2) where there is none of that name. Only reads. */
export async function backfillStatus(session: Session, schema: string, name: string): Promise<BackfillDetails> {
  const stored = await loadBackfill(session, schema, name);
  return {
    ...(await toStatus(session, schema, stored)),
    upkeep: await readUpkeep(session, schema, stored),
    rowsInserted: await rowsInsertedSince(session, schema, stored),
  };
}

/** Throws a Problem (exit 2) where there is none of that name. */
export async function loadBackfill(session: Session, schema: string, name: string): Promise<Stored> {
  const store = openStore(schema);
  const there = await store.exists(session);
  const stored = there ? await store.load(session, name) : null;
  if (stored !== null) return stored;
  const known = there ? (await store.list(session)).map((one) => one.name) : [];
  const meant = closest(name, known);
  throw new Problem(`The database ${session.connection.database} knows no backfill ${name}.`, {
    advice:
      meant !== null
        ? `Did you mean ${meant}?`
        : known.length > 0
          ? `It knows ${known.join(', ')}.`
          : 'It knows none; one is known once it was started by tiptoe backfill run, or reached by tiptoe apply.',
  });
}

/** A rate is over the last ten seconds; nothing was written for longer than that. */
const FRESH_SECONDS = 10;

async function toStatus(session: Session, schema: string, stored: Stored): Promise<BackfillStatus> {
  const holder = await leaseHolder(session, schema, leaseName(stored.name));
  const further = await furtherWorkers(session, schema, stored.name);
  const lag = holder === null ? null : await readLag(session, schema, stored.name);
  const { progress, eta } = stored;
  const moving = holder !== null && stored.idleSeconds < FRESH_SECONDS;
  return {
    name: stored.name,
    state: stored.state,
    desiredState: stored.desiredState,
    rowsDone: progress.rowsDone,
    rowsVisited: progress.rowsVisited,
    rowsTotal: progress.rowsTotal,
    rowsTotalExact: progress.rowsTotalExact,
    batches: progress.batches,
    rate: moving ? Math.round(stored.rate * 10) / 10 : 0,
    etaSeconds: moving ? (eta?.seconds ?? null) : null,
    etaRange: moving ? (eta?.range ?? null) : null,
    throttledBy: stored.throttledBy,
    lastError: stored.lastError,
    runner: holder?.owner ?? null,
    workers: (holder === null ? 0 : 1) + further.length,
    keysSkipped: await countSkipped(session, schema, stored.name),
    averageRate: Math.round(stored.averageRate * 10) / 10,
    lastBatchMs: stored.batchMs === null ? null : Math.round(stored.batchMs),
    replicaLagMs: lag?.ms ?? null,
    replicaLag: lag?.kind ?? null,
    deadRows:
      stored.tableOid === null || stored.startedAt === null
        ? null
        : (await readDeadRows(session, stored.tableOid)).dead,
    cannotTell: stored.cannotTell,
    table: stored.table,
    key: stored.keyColumns,
    pass: progress.pass,
    settings: stored.settings,
    timeLost: await readTimeLost(session, schema, stored.name),
    file: stored.file,
    startedAt: stored.startedAt,
    updatedAt: stored.updatedAt,
    finishedAt: stored.finishedAt,
  };
}
