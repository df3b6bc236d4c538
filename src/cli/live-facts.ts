import type { Catalog } from '../catalog/catalog.ts';
import { factsOf, schemaOf, type Snapshot } from '../lint/snapshot.ts';
import type { Facts } from '../lint/facts.ts';
import { plural } from '../report/counts.ts';
import type { FactsOrigin } from '../report/lint-report.ts';
import type { LiveConfig } from './config.ts';

/** What a server or its snapshot says before the first file. */
export interface Known {
  readonly catalog: Catalog;
  readonly version: number;
  readonly facts: Facts;
  readonly origin: FactsOrigin;
}

/** Which flags say how a server is read. */
export interface ReadingFlags {
  readonly statementTimeout?: number;
  readonly sample?: number;
}

/** Reads a server. */
export async function takeSnapshot(
  databaseUrl: string | undefined,
  { statementTimeout, sample }: ReadingFlags,
  { statementTimeoutMs }: LiveConfig,
): Promise<{ snapshot: Snapshot; source: string }> {
  const [{ describe, resolveConnection }, { withSession }, { readSnapshot }] = await Promise.all([
    import('../db/connection.ts'),
    import('../db/session.ts'),
    import('../inspect/read-snapshot.ts'),
  ]);
  const connection = resolveConnection({ databaseUrl, env: process.env });
  const options = { statementTimeoutMs: statementTimeout ?? statementTimeoutMs, sampleMs: sample ?? 0 };
  const snapshot = await withSession(connection, { applicationName: 'tiptoe: lint' }, (session) =>
    readSnapshot(session, options),
  );
  return { snapshot, source: describe(connection) };
}

/** What the snapshot says, its gaps and its age told on standard error. The parser must be loaded. */
export function knownFrom(snapshot: Snapshot, source: string, { maxAgeDays }: LiveConfig): Known {
  tellUnseen(snapshot, source);
  const { age, days } = ageOf(snapshot.takenAt);
  if (days > maxAgeDays)
    process.stderr.write(
      `tiptoe: the facts of ${source} are ${age}, taken ${snapshot.takenAt}, and more than ${plural(maxAgeDays, 'day')} is too old to rely on. Take new ones: tiptoe snapshot > ${source}\n`,
    );
  return {
    catalog: schemaOf(snapshot),
    version: snapshot.pgVersion,
    facts: factsOf(snapshot),
    origin: { source, takenAt: snapshot.takenAt, age },
  };
}

/** Says in one line what could not be read. */
export function tellUnseen({ unseen }: Snapshot, source: string): void {
  if (unseen.length > 0) process.stderr.write(`tiptoe: ${source} does not tell ${unseen.join('; nor ')}\n`);
}

const MINUTE = 60_000;

function ageOf(takenAt: string): { age: string | null; days: number } {
  const minutes = Math.floor((Date.now() - Date.parse(takenAt)) / MINUTE);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (minutes < 1) return { age: null, days };
  const age = days > 0 ? plural(days, 'day') : hours > 0 ? plural(hours, 'hour') : plural(minutes, 'minute');
  return { age: `${age} old`, days };
}
