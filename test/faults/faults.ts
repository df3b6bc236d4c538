import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, inject, test } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import { openSession } from '../../src/db/session.ts';
import type { RunningTiptoe } from '../support/cli.ts';
import { connectionTo, testDatabase } from '../support/database.ts';
import { crash, restart, startPrimary, startStandby, type Replicable } from '../support/standby.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';
import { begun, counted, type Counted } from './counted.ts';
import { type Cut, startCuttingProxy } from './cutting-proxy.ts';
import { draw, within } from './moments.ts';

/** How often each fault is tried. */
export interface Times {
  readonly kill: number;
  readonly terminate: number;
  readonly cut: number;
  readonly stop: number;
  readonly operators: number;
  readonly restart: number;
  readonly failover: number;
  /** Each takes as long as a lease. */
  readonly expiry: number;
}

/** Faults on real processes, at random moments, of a statement that must hit every row exactly once. */
export function testFaults(times: Times, rows: number): void {
  const db = testDatabase();
  const folder = ownTemporaryDirectory();
  let made = 0;
  const next = (session: Session, more: { url?: string; schema?: string } = {}): Promise<Counted> => {
    made += 1;
    return counted({ session, folder: folder.path, url: db.ownerUrl, name: `counted_${made}`, rows, ...more });
  };

  test('kill -9', async () => {
    const session = await db.session();
    // The books are there from here on.
    await expectEnd((await next(session)).start('--max-batch-size', '5000', '--batch-size', '5000'), 0);
    const again: number[] = [];
    let backfills = 0;
    let killed = 0;
    const lane = async (): Promise<void> => {
      const session = await db.session();
      let backfill: Counted | null = null;
      while (killed < times.kill) {
        if (backfill !== null && (await backfill.isDone())) {
          await backfill.expectDone();
          backfill = null;
        }
        if (backfill === null) backfills += 1;
        backfill ??= await next(session);
        killed += 1;
        const from = performance.now();
        const running = backfill.start();
        // Some die before they have the lease, or just then.
        if (killed % 5 === 4) await within(1_000);
        else {
          await begun(running);
          again.push(performance.now() - from);
          await within(200);
        }
        running.kill('SIGKILL');
        await running.finished();
        await backfill.expectAgreement();
      }
      expect(await backfill?.finish()).toMatchObject({ code: 0 });
      await backfill?.expectDone();
    };
    // Most of the time goes into starting the program.
    await Promise.all([lane(), lane()]);
    again.sort((a, b) => a - b);
    const [median = 0, longest = 0] = [again[again.length >> 1], again.at(-1)];
    report(
      `kill -9: ${killed} times, ${backfills} backfills; at work again after ${Math.round(median)} ms (median), ${Math.round(longest)} ms (longest)`,
    );
  });

  test('its sessions are terminated', async () => {
    const [session, admin] = [await db.session(), await db.session(db.adminUrl)];
    let backfill = await next(session);
    let running = backfill.start();
    await begun(running);
    let terminated = 0;
    let backfills = 1;
    for (let turn = 0; terminated < times.terminate; turn += 1) {
      await within(150);
      const which = ['worker_pid', 'backend_pid', 'worker_pid, backend_pid'][turn % 3] ?? '';
      const gone = await admin.query(
        `SELECT pg_terminate_backend(p) FROM tiptoe.lease, unnest(ARRAY[${which}]) p WHERE name = 'backfill ${backfill.name}' AND owner IS NOT NULL AND p IS NOT NULL`,
      );
      terminated += gone.length;
      await backfill.expectAgreement();
      if (!(await backfill.isDone())) continue;
      await expectEnd(running, 0);
      await backfill.expectDone();
      backfill = await next(session);
      backfills += 1;
      running = backfill.start();
      await begun(running);
    }
    await expectEnd(running, 0);
    await backfill.expectDone();
    report(`pg_terminate_backend: ${terminated} sessions, ${backfills} backfills; no process ended by it`);
  });

  test('its connection is cut at COMMIT', async () => {
    const session = await db.session();
    const cuts: Cut[] = [];
    const kinds: readonly Cut[] = ['before', 'sent', 'answered'];
    const proxy = await startCuttingProxy(new URL(db.ownerUrl), () => {
      if (cuts.length >= times.cut || draw() < 0.7) return null;
      const cut = kinds[cuts.length % 3] ?? 'sent';
      cuts.push(cut);
      return cut;
    });
    try {
      const url = new URL(db.ownerUrl);
      url.port = String(proxy.port);
      let backfills = 0;
      while (cuts.length < times.cut) {
        const backfill = await next(session, { url: url.href });
        const running = backfill.start();
        await begun(running);
        await expectEnd(running, 0);
        await backfill.expectDone();
        backfills += 1;
      }
      report(
        `cut at COMMIT: ${cuts.length} times, ${backfills} backfills; a third before it, a third on its way, a third before the answer`,
      );
    } finally {
      await proxy.stop();
    }
  });

  test('it is stopped past its lease, another takes over, and it wakes up', async () => {
    const session = await db.session();
    let backfill = await next(session);
    for (let stopped = 0; stopped < times.stop; stopped += 1) {
      const sleeper = await stoppedAtWork(backfill);
      if (sleeper === null) {
        await backfill.expectDone();
        backfill = await next(session);
        stopped -= 1;
        continue;
      }
      await session.query(
        `UPDATE tiptoe.lease SET expires_at = clock_timestamp() - interval '1 second' WHERE name = 'backfill ${backfill.name}'`,
      );
      const other = backfill.start();
      await begun(other);
      await within(100);
      sleeper.kill('SIGCONT');
      const { code, stderr } = await sleeper.finished();
      expect({ code, stderr }).toEqual({
        code: 3,
        stderr: expect.stringContaining(`has taken over the backfill ${backfill.name}`) as unknown,
      });
      await backfill.expectAgreement();
      other.kill('SIGTERM');
      const ended = await other.finished();
      // At its very end, with nothing left to write, it no longer listens.
      expect(ended.code ?? ((await backfill.isDone()) ? 0 : 'killed by SIGTERM at work')).toBeOneOf([0, 3]);
      await backfill.expectAgreement();
    }
    expect(await backfill.finish()).toMatchObject({ code: 0 });
    await backfill.expectDone();
    report(`SIGSTOP, taken over, SIGCONT: ${times.stop} times; the one that woke up wrote nothing more`);
  });

  test.each(range(times.expiry))(
    'the lease of a process that only sleeps is waited for until it ends, time %i',
    async () => {
      const backfill = await next(await db.session());
      const sleeper = await stoppedAtWork(backfill);
      if (sleeper === null) throw new Error('it was too fast to be stopped');
      const from = performance.now();
      const other = backfill.start('--batch-size', '5000', '--max-batch-size', '20000');
      await other.waitForOutput(/"event":"waiting","owner":".* pid \d+, tiptoe/);
      await begun(other);
      const waited = performance.now() - from;
      await expectEnd(other, 0);
      sleeper.kill('SIGCONT');
      expect(await sleeper.finished()).toMatchObject({ code: 3 });
      await backfill.expectDone();
      report(`SIGSTOP: the next one had the lease after ${Math.round(waited / 1000)} s`);
    },
  );

  test('three operators start the same one at once', async () => {
    const session = await db.session();
    for (let round = 1; round <= times.operators; round += 1) {
      // Books of its own, so that they are also made at once.
      const backfill = await next(session, { schema: `own_${round}` });
      const operators = range(3).map(() => backfill.start('--max-batch-size', '200'));
      const results = await Promise.all(operators.map((operator) => operator.finished()));
      for (const { code, stdout, stderr } of results) expect({ code, stderr, stdout }).toMatchObject({ code: 0 });
      await backfill.expectDone();
    }
    report(`three operators at once: ${times.operators} times; one worked, two waited, all left with exit code 0`);
  });

  describe('on a server of its own', () => {
    test('the server restarts without a checkpoint', async () => {
      const primary = await startPrimary();
      try {
        let restarted = 0;
        let backfills = 0;
        while (restarted < times.restart) {
          const backfill = await onServer(primary, (session) => next(session, { url: primary.url }));
          backfills += 1;
          const running = backfill.start();
          await begun(running);
          let done = false;
          while (!done) {
            await within(400);
            if (restarted < times.restart) {
              await crash(primary);
              await restart(primary);
              restarted += 1;
            }
            done = await onServer(primary, async (session) => {
              await backfill.expectAgreement(session);
              return (
                (
                  await session.query(
                    `SELECT FROM tiptoe.backfill WHERE name = '${backfill.name}' AND state = 'succeeded'`,
                  )
                ).length === 1
              );
            });
          }
          await expectEnd(running, 0);
          await onServer(primary, (session) => backfill.expectDone(session));
        }
        report(`immediate restart: ${restarted} times, ${backfills} backfills; no process ended by it`);
      } finally {
        await primary.stop();
      }
    });

    test('the server dies, and its standby has not all of it', async () => {
      let lost = 0;
      let ownEnd = 0;
      for (let round = 1; round <= times.failover; round += 1) {
        const primary = await startPrimary();
        const { hostname, port, username, password } = new URL(primary.url);
        const replication = await startCuttingProxy({ hostname, port });
        const standby = await startStandby(primary, {
          primary_conninfo: `host=127.0.0.1 port=${replication.port} user=${username} password=${password} application_name=standby`,
        });
        try {
          const url = `postgres://${username}:${password}@${hostname}:${port},${hostname}:${new URL(standby.url).port}/postgres`;
          const backfill = await onServer(primary, (session) => next(session, { url }));
          await standby.catchUp();
          const running = backfill.start();
          await begun(running);
          await within(500);
          await replication.stop();
          await within(400);
          const before = await onServer(primary, (session) => rowsDone(session, backfill));
          await crash(primary);
          await standby.promote();
          const { code } = await onServer(standby, async (session) => {
            lost += before - (await rowsDone(session, backfill));
            await backfill.expectAgreement(session);
            return running.finished();
          });
          expect([0, 3]).toContain(code);
          ownEnd += code === 0 ? 1 : 0;
          expect(await backfill.finish()).toMatchObject({ code: 0 });
          await onServer(standby, (session) => backfill.expectDone(session));
        } finally {
          await standby.stop();
          await primary.stop();
        }
      }
      report(
        `failover: ${times.failover} times; ${lost} rows were lost with the primary and done again; ${ownEnd} processes went on by themselves`,
      );
    });
  });
}

const range = (length: number): number[] => Array.from({ length }, (_, index) => index + 1);

/** A process that was stopped at a random moment of its work; null when it was done before that. */
async function stoppedAtWork(backfill: Counted): Promise<RunningTiptoe | null> {
  const running = backfill.start();
  await begun(running);
  await within(100);
  running.kill('SIGSTOP');
  await sleep(20);
  if (!(await backfill.isDone())) return running;
  running.kill('SIGCONT');
  await running.finished();
  return null;
}

export async function expectEnd(running: RunningTiptoe, expected: number): Promise<void> {
  const { code, stdout, stderr } = await running.finished();
  expect({ code, stderr, last: stdout.split('\n').slice(-8) }).toMatchObject({ code: expected });
}

async function rowsDone(session: Session, { name }: Counted): Promise<number> {
  const [row] = await session.query<{ done: string }>(`SELECT count(*) AS done FROM ${name} WHERE n > 0`);
  return Number(row?.done);
}

export async function onServer<T>({ url }: Replicable, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession(connectionTo(url), { applicationName: 'tiptoe test faults' });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

export function report(line: string): void {
  console.log(`${line} (PostgreSQL ${inject('serverVersion')})`);
}
