import { execFile } from 'node:child_process';
import { mkdtemp, rm, statfs, writeFile, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { serverAccount } from '../../src/scratch/account.ts';
import { startCrashServer, type CrashServer } from './crash-server.ts';
import { KINDS, type Kind } from './kinds.ts';
import type { Fault, Pair, Recorded } from './pairs.ts';
import { runPair, type Surroundings, type Verdict } from './run-pair.ts';
import { startProxy } from './wire-proxy.ts';
import { applyHere, lookAt, makeDatabase, reset, writeKind } from './world.ts';

const run = promisify(execFile);

export interface Undisturbed extends Recorded {
  /** What the run leaves. */
  readonly leaves: Readonly<Record<string, unknown>>;
}

/** Runs a kind without any fault, and keeps its requests and what it leaves. */
async function record(server: CrashServer, database: string, kind: Kind): Promise<Undisturbed> {
  await reset(server, database, kind);
  const proxy = await startProxy(server, () => undefined);
  try {
    const end = await applyHere(server.url(database, proxy.port), kind);
    if (end.outcome !== 'done') throw new Error(`${kind.name}: ${end.message}`);
    return { kind, requests: [...proxy.requests], leaves: await lookAt(server, database) };
  } finally {
    await proxy.stop();
  }
}

export function kindsFor(version: number): readonly Kind[] {
  return KINDS.filter(({ since = 13 }) => since <= version);
}

export interface Bench {
  readonly server: CrashServer;
  readonly folderOf: (kind: Kind) => string;
  stop(): Promise<void>;
}

/** A server with databases for several pairs at a time, and the files of every kind in folders. */
export async function openBench(version?: number): Promise<Bench> {
  const server = await startCrashServer(version);
  const folder = await mkdtemp(join(tmpdir(), 'tiptoe-crash-'));
  const folderOf = (kind: Kind) => join(folder, String(KINDS.indexOf(kind)));
  await Promise.all(KINDS.map((kind) => writeKind(folderOf(kind), kind)));
  await makeDatabase(server, 'd0');
  for (let one = 1; one < LANES; one += 1)
    await server.asAdmin('postgres', (admin) => admin.exec(`CREATE DATABASE d${one} TEMPLATE d0 OWNER deploy`));
  return {
    server,
    folderOf,
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** Runs every kind undisturbed. */
export async function recordAll({ server }: Bench, kinds: readonly Kind[]): Promise<Map<Kind, Undisturbed>> {
  const runs = new Map<Kind, Undisturbed>();
  for (const kind of kinds) runs.set(kind, await record(server, 'd0', kind));
  return runs;
}

/** So many pairs at a time wait for the same restart, or disturb nobody else. */
const LANES = 8;
const LANES_APART = 4;
/** Each of these starts a program. */
const LANES_OF_PROGRAMS = 2;

type Expected = ReadonlyMap<Kind, Undisturbed>;
type Told = (verdict: Verdict) => void;

const nothing = () => Promise.reject(new Error('this fault is for another server'));

/** Runs all pairs; those with a full disk need a small one, see {@link mountDisk}. */
export async function runPairs(
  bench: Bench,
  disk: string | null,
  pairs: readonly Pair[],
  expected: Expected,
  tell: Told,
) {
  const of = (faults: readonly Fault[]) => pairs.filter(({ fault }) => faults.includes(fault));
  await runApart(bench, of(['cut', 'terminate-main', 'terminate-control']), expected, LANES_APART, tell);
  await runApart(bench, of(['kill']), expected, LANES_OF_PROGRAMS, tell);
  await runRestarts(bench, of(['restart-fast', 'restart-immediate']), expected, tell);
  if (disk !== null) await runDiskFull(bench, disk, of(['disk-full']), expected, tell);
}

/** Runs pairs that disturb nobody else, several at a time. */
async function runApart(bench: Bench, pairs: readonly Pair[], expected: Expected, lanes: number, tell: Told) {
  const left = pairs.values();
  const lane = async (database: string) => {
    for (const pair of left) {
      const around: Surroundings = {
        folder: bench.folderOf(pair.kind),
        restart: nothing,
        fillDisk: nothing,
        emptyDisk: nothing,
      };
      tell(await runPair(bench.server, database, pair, expected.get(pair.kind)?.leaves, around));
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, one) => lane(`d${one}`)));
}

/** Runs pairs in groups: all of a group wait at their boundary for one restart. */
async function runRestarts(bench: Bench, pairs: readonly Pair[], expected: Expected, tell: Told) {
  for (const fault of ['restart-fast', 'restart-immediate'] as const) {
    const own = pairs.filter((pair) => pair.fault === fault);
    for (let from = 0; from < own.length; from += LANES) {
      const group = own.slice(from, from + LANES);
      const barrier = new Barrier(group.length, () => bench.server.restart(MODE[fault]));
      const verdicts = group.map(async (pair, one) => {
        let waited = false;
        const verdict = await runPair(
          bench.server,
          `d${one}`,
          pair,
          expected.get(pair.kind)?.leaves,
          {
            folder: bench.folderOf(pair.kind),
            restart() {
              waited = true;
              return barrier.wait();
            },
            fillDisk: nothing,
            emptyDisk: nothing,
          },
          () => {
            return waited ? undefined : barrier.passBy();
          },
        );
        tell(verdict);
      });
      await Promise.all(verdicts);
    }
  }
}

const MODE = { 'restart-fast': 'fast', 'restart-immediate': 'immediate' } as const satisfies Partial<
  Record<Fault, string>
>;

/** Acts once everyone has either come or left. */
class Barrier {
  #missing: number;
  readonly #act: () => Promise<void>;
  readonly #waiting: (() => void)[] = [];
  readonly #passing: (() => void)[] = [];

  constructor(count: number, act: () => Promise<void>) {
    this.#missing = count;
    this.#act = act;
  }

  wait(): Promise<void> {
    const done = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#leave();
    return done;
  }

  /** For one who does not come: resolves when all is over for the others too. */
  passBy(): Promise<void> {
    const done = new Promise<void>((resolve) => this.#passing.push(resolve));
    this.#leave();
    return done;
  }

  #leave(): void {
    this.#missing -= 1;
    if (this.#missing > 0) return;
    const acted = this.#waiting.length === 0 ? Promise.resolve() : this.#act();
    void acted.then(() => [...this.#waiting, ...this.#passing].forEach((go) => go()));
  }
}

const DISK_BYTES = 48 * 1024 * 1024;

/** A small disk of memory for one database; null where mounting is not allowed. */
export async function mountDisk(): Promise<{ readonly path: string; unmount(): Promise<void> } | null> {
  const path = await mkdtemp(join(tmpdir(), 'tiptoe-disk-'));
  const account = await serverAccount();
  const owner = account === undefined ? '' : `,uid=${account.uid},gid=${account.gid}`;
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES},mode=0700${owner}`, 'tiptoe-crash', path]);
  } catch {
    await rm(path, { recursive: true });
    return null;
  }
  await chmod(path, 0o700);
  return {
    path,
    async unmount() {
      await run('umount', [path]);
      await rm(path, { recursive: true });
    },
  };
}

/** Runs pairs one after the other in a database whose tablespace is small. */
async function runDiskFull(bench: Bench, disk: string, pairs: readonly Pair[], expected: Expected, tell: Told) {
  const filler = join(disk, 'filler');
  await bench.server.asAdmin('postgres', (admin) => admin.exec(`CREATE TABLESPACE small LOCATION '${disk}'`));
  await makeDatabase(bench.server, 'disk', 'small');
  for (const pair of pairs) {
    const verdict = await runPair(bench.server, 'disk', pair, expected.get(pair.kind)?.leaves, {
      folder: bench.folderOf(pair.kind),
      restart: nothing,
      async fillDisk() {
        const { bavail, bsize } = await statfs(disk);
        await writeFile(filler, Buffer.alloc(bavail * bsize, 1));
      },
      emptyDisk: () => rm(filler, { force: true }),
    });
    tell(verdict);
  }
  await bench.server.asAdmin('postgres', (admin) => admin.exec('DROP DATABASE disk WITH (FORCE)'));
}
