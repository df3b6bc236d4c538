import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import type { RunningTiptoe } from '../support/cli.ts';
import { testDatabase } from '../support/database.ts';
import { crash, restart, startPrimary, startStandby } from '../support/standby.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';
import { begun, counted, type Counted } from './counted.ts';
import { expectEnd, onServer, report } from './faults.ts';
import { draw, within } from './moments.ts';

/** How often each fault is tried on two processes with two workers each. */
export interface WorkerTimes {
  readonly kill: number;
  readonly stop: number;
  readonly restart: number;
  readonly failover: number;
}

/** Faults on processes that share one backfill, of a statement that must hit every row exactly once. */
export function testWorkerFaults(times: WorkerTimes, rows: number): void {
  const db = testDatabase();
  const folder = ownTemporaryDirectory();
  let made = 0;
  const next = (session: Session, url = db.ownerUrl): Promise<Counted> => {
    made += 1;
    return counted({ session, folder: folder.path, url, name: `shared_${made}`, rows });
  };
  const worker = (backfill: Counted): RunningTiptoe => backfill.start('--workers', '2');
  const two = async (backfill: Counted): Promise<[RunningTiptoe, RunningTiptoe]> => {
    const both: [RunningTiptoe, RunningTiptoe] = [worker(backfill), worker(backfill)];
    await Promise.all(both.map(begun));
    return both;
  };

  test('workers: kill -9 of one of two processes', async () => {
    const session = await db.session();
    let killed = 0;
    let backfills = 0;
    while (killed < times.kill) {
      const backfill = await next(session);
      backfills += 1;
      const processes = await two(backfill);
      while (killed < times.kill && !(await backfill.isDone())) {
        await within(300);
        const which = draw() < 0.5 ? 0 : 1;
        processes[which].kill('SIGKILL');
        await processes[which].finished();
        killed += 1;
        await backfill.expectAgreement();
        processes[which] = worker(backfill);
        await begun(processes[which]);
      }
      for (const running of processes) await expectEnd(running, 0);
      await backfill.expectDone();
    }
    report(`workers, kill -9 of one of two processes: ${killed} times, ${backfills} backfills; the other one went on`);
  });

  test('workers: a process is stopped past its leases, others take over, and it wakes up', async () => {
    const session = await db.session();
    let stopped = 0;
    while (stopped < times.stop) {
      const backfill = await next(session);
      const processes = await two(backfill);
      await within(200);
      const sleeper = processes[stopped % 2 === 0 ? 0 : 1];
      const other = processes[stopped % 2 === 0 ? 1 : 0];
      sleeper.kill('SIGSTOP');
      await sleep(20);
      if (await backfill.isDone()) {
        sleeper.kill('SIGCONT');
        await Promise.all(processes.map((running) => running.finished()));
        continue;
      }
      stopped += 1;
      await session.query(
        `UPDATE tiptoe.lease SET expires_at = clock_timestamp() - interval '1 second'
          WHERE starts_with(name, 'backfill ${backfill.name}') AND owner LIKE $1`,
        [`%pid ${sleeper.pid},%`],
      );
      await within(600);
      await backfill.expectAgreement();
      sleeper.kill('SIGCONT');
      // Whether it was the one that led or not: it goes on as one that has joined.
      await expectEnd(sleeper, 0);
      await expectEnd(other, 0);
      await backfill.expectDone();
    }
    report(`workers, SIGSTOP, taken over, SIGCONT: ${stopped} times; none wrote without its lease`);
  });

  test('workers: the server restarts without a checkpoint', async () => {
    const primary = await startPrimary();
    try {
      let restarted = 0;
      let backfills = 0;
      while (restarted < times.restart) {
        const backfill = await onServer(primary, (session) => next(session, primary.url));
        backfills += 1;
        const processes = await two(backfill);
        for (const last = restarted + 2; restarted < Math.min(last, times.restart);) {
          await within(300);
          await crash(primary);
          await restart(primary);
          restarted += 1;
          await onServer(primary, (session) => backfill.expectAgreement(session));
        }
        for (const running of processes) await expectEnd(running, 0);
        await onServer(primary, (session) => backfill.expectDone(session));
      }
      report(`workers, immediate restart: ${restarted} times, ${backfills} backfills; no process ended by it`);
    } finally {
      await primary.stop();
    }
  });

  test('workers: the server dies, and its standby is promoted', async () => {
    for (let round = 1; round <= times.failover; round += 1) {
      const primary = await startPrimary();
      const standby = await startStandby(primary);
      try {
        const { hostname, port, username, password } = new URL(primary.url);
        const url = `postgres://${username}:${password}@${hostname}:${port},${hostname}:${new URL(standby.url).port}/postgres`;
        const backfill = await onServer(primary, (session) => next(session, url));
        await standby.catchUp();
        const processes = await two(backfill);
        await within(300);
        await crash(primary);
        await standby.promote();
        await onServer(standby, (session) => backfill.expectAgreement(session));
        for (const running of processes) expect([0, 3]).toContain((await running.finished()).code);
        expect(await backfill.finish()).toMatchObject({ code: 0 });
        await onServer(standby, (session) => backfill.expectDone(session));
      } finally {
        await standby.stop();
        await primary.stop();
      }
    }
    report(`workers, failover: ${times.failover} times, two processes with two workers each`);
  });
}
