import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Session } from '../../src/db/session.ts';
import type { CrashServer } from './crash-server.ts';
import { HOLDERS } from './holders.ts';
import type { Pair } from './pairs.ts';

import { startProxy, type Passing } from './wire-proxy.ts';
import { adminSession, applyHere, answer, lookAt, reset, startProgram, type End } from './world.ts';

/** How the faults that are not of one connection alone come about. */
export interface Surroundings {
  /** A folder with the files of the kind, for the program. */
  readonly folder: string;
  /** The server is restarted for all that have come to their boundary; resolves when it is back. */
  restart(): Promise<void>;
  fillDisk(): Promise<void>;
  emptyDisk(): Promise<void>;
}

export interface Verdict {
  readonly pair: Pair;
  /** What is wrong; null when all is well. */
  readonly wrong: string | null;
  /** Whether the boundary was reached. */
  readonly reached: boolean;
  readonly first: string;
}

/** Interrupts a run as the pair says, runs again, and compares what is there with what an undisturbed run leaves. */
export async function runPair(
  server: CrashServer,
  database: string,
  pair: Pair,
  expected: unknown,
  around: Surroundings,
  onFirstEnd: () => Promise<void> | void = () => {},
): Promise<Verdict> {
  const { kind, boundary, fault } = pair;
  await reset(server, database, kind);
  let reached = false;
  let program: ReturnType<typeof startProgram> | null = null;
  let holder: Session | null = null;

  const struck: Promise<void>[] = [];
  const strike = async (passing: Passing): Promise<void> => {
    switch (fault) {
      case 'cut':
        return passing.cut();
      case 'kill':
        program?.kill('SIGKILL');
        await program?.finished();
        return undefined;
      case 'terminate-main':
      case 'terminate-control': {
        const pid = proxy.pidOf(fault === 'terminate-main' ? 'tiptoe: apply' : 'tiptoe: control');
        await server.asAdmin(database, (admin) => admin.query('SELECT pg_terminate_backend($1)', [pid ?? 0]));
        return undefined;
      }
      case 'restart-fast':
      case 'restart-immediate':
        return around.restart();
      case 'disk-full':
        return around.fillDisk();
    }
  };
  const proxy = await startProxy(server, (passing) => {
    const { request, moment } = passing;
    const isIt = request.session === boundary.request.session && request.index === boundary.request.index;
    if (!isIt || reached) return undefined;
    if (boundary.held !== undefined && moment === 'before') {
      return (async () => {
        holder = await adminSession(server, database);
        await holder.exec(HOLDERS[boundary.held ?? 'reader']);
      })();
    }
    if (moment !== boundary.moment) return undefined;
    reached = true;
    const blow = (async () => {
      if (boundary.held !== undefined) await untilItWaits(server, database, passing.pid ?? 0);
      await strike(passing);
    })();
    struck.push(blow);
    return blow;
  });
  try {
    let first: End;
    if (fault === 'kill') {
      program = startProgram(server.url(database, proxy.port), around.folder);
      const { code } = await program.finished();
      first = {
        outcome: 'gave-up',
        exitCode: 3,
        reason: null,
        failure: null,
        message: code === null ? 'killed' : `exit code ${code}`,
      };
    } else first = await applyHere(server.url(database, proxy.port), kind);
    await onFirstEnd();
    // A server that is restarted may take longer to be back than the run that it has ended.
    await Promise.all(struck);
    if (fault === 'disk-full') await around.emptyDisk();
    const told = describeEnd(first);
    const wrongEnd = reached ? checkFirst(pair, first) : null;
    const again = await runAgain(server, database, pair, holder);
    const seen = again.outcome === 'done' ? await lookAt(server, database) : null;
    const wrong =
      wrongEnd ??
      (seen === null
        ? `running again: ${describeEnd(again)}`
        : isDeepStrictEqual(seen, expected)
          ? null
          : `not as if nothing had happened: ${difference(seen, expected)}`);
    return {
      pair,
      wrong: wrong === null ? null : `${wrong} (the run that was interrupted: ${told})`,
      reached,
      first: told,
    };
  } catch (error) {
    const wrong = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { pair, wrong, reached, first: 'an exception' };
  } finally {
    program?.kill('SIGKILL');
    await letGo(holder);
    await proxy.stop();
  }
}

/** The first run may have come through, or have stopped because of what happened to it; nothing is the file's fault. */
function checkFirst({ fault }: Pair, end: End): string | null {
  if (end.outcome === 'done' || end.exitCode === 3) return null;
  if (fault === 'disk-full' && /No space left/.test(`${end.message} ${end.failure?.message}`)) return null;
  // A server that cannot be reached at all.
  return end.reason === 'problem' && /^Cannot connect|connection to the server was lost/i.test(end.message ?? '')
    ? null
    : describeEnd(end);
}

/** Runs again; whoever held up the first run leaves only when the second one is under way. */
async function runAgain(server: CrashServer, database: string, { kind }: Pair, holder: Session | null): Promise<End> {
  const again = applyHere(server.url(database), kind);
  const leaves = holder === null ? null : sleep(150).then(() => letGo(holder));
  const end = await again;
  await leaves;
  if (end.reason !== 'unknown-outcome' || kind.happened === undefined) return end;
  await answer(server, database, kind, kind.happened);
  return applyHere(server.url(database), kind);
}

async function untilItWaits(server: CrashServer, database: string, pid: number): Promise<void> {
  await server.asAdmin(database, async (admin) => {
    for (let look = 0; look < 500; look += 1) {
      const [waits] = await admin.query(`SELECT FROM pg_locks WHERE pid = $1 AND NOT granted`, [pid]);
      if (waits !== undefined) return;
      await sleep(10);
    }
    throw new Error('nobody has to wait for the holder');
  });
}

async function letGo(holder: Session | null): Promise<void> {
  await holder?.close().catch(() => undefined);
}

function describeEnd({ outcome, exitCode, reason, message }: End): string {
  return `${outcome} ${exitCode} ${reason ?? ''} ${message ?? ''}`.trim();
}

function difference(seen: unknown, expected: unknown): string {
  const some = seen as Record<string, unknown>;
  const others = expected as Record<string, unknown>;
  return Object.keys(others)
    .filter((section) => !isDeepStrictEqual(some[section], others[section]))
    .map(
      (section) =>
        `${section}: ${onlyIn(some[section], others[section])} instead of ${onlyIn(others[section], some[section])}`,
    )
    .join('; ');
}

function onlyIn(some: unknown, others: unknown): string {
  if (!Array.isArray(some) || !Array.isArray(others)) return JSON.stringify(some);
  const known = new Set(others.map((one) => JSON.stringify(one)));
  return JSON.stringify(some.filter((one) => !known.has(JSON.stringify(one))));
}
