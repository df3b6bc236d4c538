import { expect, test, vi } from 'vitest';
import { isConnectionLost } from '../../src/db/errors.ts';
import { withTransaction } from '../../src/db/transaction.ts';
import type { Session } from '../../src/db/session.ts';
import {
  acquireLease,
  assertLease,
  leaseHolder,
  LeaseLost,
  type LeaseRequest,
  underLease,
} from '../../src/safety/lease.ts';
import { eventually } from '../support/eventually.ts';
import { testDatabase } from '../support/database.ts';

const db = testDatabase();

const request = (name: string, more: Partial<LeaseRequest> = {}): LeaseRequest => ({
  schema: 'tiptoe',
  name,
  owner: 'ann@laptop pid 1',
  waitMs: 0,
  ttlMs: 30_000,
  ...more,
});

const writes = (session: Session, lease: Parameters<typeof assertLease>[1]) =>
  withTransaction(session, () => assertLease(session, lease));

test('a second one waits, is told for whom, and gives up with exit code 3', async () => {
  const [first, second] = [await db.session(), await db.session()];
  const lease = await acquireLease(first, request('busy'));
  const onWait = vi.fn<NonNullable<LeaseRequest['onWait']>>();
  await expect(acquireLease(second, request('busy', { waitMs: 300, onWait }))).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(
      /^Another tiptoe holds 'busy' since \d{4}-.*Z: ann@laptop pid 1 \(waited/,
    ) as unknown,
  });
  expect(onWait).toHaveBeenCalledWith({
    owner: 'ann@laptop pid 1',
    pid: first.pid,
    since: expect.any(String) as unknown,
  });
  await lease.release(first);
});

test('a released lease can be had at once, with another token', async () => {
  const [first, second] = [await db.session(), await db.session()];
  const before = await acquireLease(first, request('released'));
  await before.release(first);
  const after = await acquireLease(second, request('released'));
  expect(after.token).not.toBe(before.token);
  await after.release(second);
});

test('the lease of a dead process is taken over at once', async () => {
  const [first, second] = [await db.session(), await db.session()];
  await acquireLease(first, request('dead'));
  first.destroy();
  const lease = await acquireLease(second, request('dead', { waitMs: 20_000, owner: 'bob' }));
  expect(await leaseHolder(second, 'tiptoe', 'dead')).toMatchObject({ owner: 'bob', pid: second.pid });
  await lease.release(second);
});

/** As time would. */
const expire = (session: Session, name: string) =>
  session.exec(`UPDATE tiptoe.lease SET expires_at = now() - interval '1 s' WHERE name = '${name}'`);

test('who slept through the lease has no session any more, and no other one can write', async () => {
  const [control, worker, other] = [await db.session(), await db.session(), await db.session()];
  const slept = await acquireLease(control, request('slept', { ttlMs: 1_000_000 }));
  await slept.enlist(worker);
  await expire(control, 'slept');
  await expect(writes(worker, slept)).resolves.toBeNull();

  const lease = await acquireLease(other, request('slept'));
  await expect(worker.exec('SELECT 1')).rejects.toSatisfy(isConnectionLost);
  await expect(control.exec('SELECT 1')).rejects.toSatisfy(isConnectionLost);
  const again = await db.session();
  await expect(writes(again, slept)).rejects.toThrow(LeaseLost);
  await expect(slept.enlist(again)).rejects.toSatisfy(isConnectionLost);
  await expect(slept.heartbeat(again)).rejects.toThrow(LeaseLost);
  expect(slept.lost.aborted).toBe(true);
  await expect(writes(other, lease)).resolves.toBeNull();
  await slept.release(again);
  expect(await leaseHolder(other, 'tiptoe', 'slept')).toMatchObject({ pid: other.pid });
  await lease.release(other);
});

test('a statement that is under way is not ended by a takeover', async () => {
  const [control, worker, other] = [await db.session(), await db.session(), await db.session()];
  const slept = await acquireLease(control, request('at work', { ttlMs: 1_000_000 }));
  await slept.enlist(worker);
  await expire(control, 'at work');
  const [{ id } = { id: '' }] = await other.query<{ id: string }>(`SELECT floor(random() * 1e9)::text AS id`);
  await other.exec(`SELECT pg_advisory_lock(${id})`);
  const work = worker.query(`SELECT pg_advisory_lock_shared(${id})`);
  const busy = `SELECT FROM pg_stat_activity WHERE pid = $1 AND state = 'active'`;
  await eventually(async () => expect(await other.query(busy, [worker.pid])).toHaveLength(1));
  const lease = await acquireLease(other, request('at work'));
  await other.exec('SELECT pg_advisory_unlock_all()');
  await expect(work).resolves.toHaveLength(1);
  await lease.release(other);
});

test('sessions that this role may not end are named, and the lease is left to others', async () => {
  const [admin, control] = [await db.session(db.adminUrl), await db.session()];
  const held = await acquireLease(admin, request('foreign', { ttlMs: 1_000_000 }));
  await admin.exec(
    `GRANT USAGE ON SCHEMA tiptoe TO ${db.ownerRole}; GRANT ALL ON ALL TABLES IN SCHEMA tiptoe TO ${db.ownerRole}`,
  );
  await expire(admin, 'foreign');
  await expect(acquireLease(control, request('foreign'))).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringContaining(`are still there (pid ${admin.pid}) and this role may not end them.`) as unknown,
    advice: expect.stringContaining(`pg_terminate_backend(${admin.pid})`) as unknown,
  });
  expect(await leaseHolder(admin, 'tiptoe', 'foreign')).toBeNull();
  await held.release(admin);
});

test('a lease of another server is free, whatever its clock said and whoever has the pid here', async () => {
  const [first, second] = [await db.session(), await db.session()];
  await acquireLease(first, request('failed over'));
  await first.exec(`UPDATE tiptoe.lease SET server_start = server_start - interval '1 day', expires_at = now() + interval '1 day'
    WHERE name = 'failed over'`);
  const lease = await acquireLease(second, request('failed over'));
  await expect(first.exec('SELECT 1')).resolves.toHaveLength(1);
  await lease.release(second);
});

test('nobody takes over while a transaction has asserted the lease, and heartbeats go on meanwhile', async () => {
  const [control, main, other] = [await db.session(), await db.session(), await db.session()];
  const lease = await acquireLease(control, request('asserted'));
  await underLease(main, lease, async () => {
    await control.exec(`SET lock_timeout = '2s'`);
    await lease.heartbeat(control);
    await expire(control, 'asserted');
    await expect(acquireLease(other, request('asserted', { waitMs: 200 }))).rejects.toMatchObject({ exitCode: 3 });
  });
  const next = await acquireLease(other, request('asserted'));
  await next.release(other);
  await lease.release(control);
});

test('without the lease nothing is begun, and the session is free again', async () => {
  const [control, main] = [await db.session(), await db.session()];
  const name = String.raw`it's \ odd`;
  const lease = await acquireLease(control, request(name));
  await expect(underLease(main, lease, () => main.query('SELECT 1 AS one'))).resolves.toEqual([{ one: 1 }]);
  await expire(control, name.replaceAll("'", "''"));
  const next = await acquireLease(control, request(name));
  const work = vi.fn<() => Promise<void>>();
  await expect(underLease(main, lease, work)).rejects.toThrow(LeaseLost);
  expect(work).not.toHaveBeenCalled();
  expect(main.transactionStatus()).toBe('idle');
  await next.release(control);
});

test.each(['REPEATABLE READ', 'SERIALIZABLE'])(
  'a transaction in %s asserts the lease after heartbeats that its snapshot does not see, and not after a takeover',
  async (isolation) => {
    const [control, main, other] = [await db.session(), await db.session(), await db.session()];
    const lease = await acquireLease(control, request(isolation));
    const begin = async () => main.exec(`BEGIN ISOLATION LEVEL ${isolation}; SELECT 1`);
    await begin();
    await lease.heartbeat(control);
    await lease.heartbeat(control);
    await assertLease(main, lease);
    await lease.heartbeat(control);
    await main.exec('COMMIT');
    await begin();
    await lease.heartbeat(control);
    await expire(control, isolation);
    const next = await acquireLease(other, request(isolation));
    await expect(assertLease(main, lease)).rejects.toThrow(/lease|could not serialize/);
    await main.exec('ROLLBACK');
    await begin();
    await expect(assertLease(main, lease)).rejects.toThrow(LeaseLost);
    await main.exec('ROLLBACK');
    await next.release(other);
    await lease.release(control);
  },
);

test('it keeps itself alive, and tells when it is lost', async () => {
  const [first, second] = [await db.session(), await db.session()];
  const lease = await acquireLease(first, request('beating', { ttlMs: 150 }));
  await eventually(async () => {
    const alive = `SELECT FROM tiptoe.lease WHERE name = 'beating' AND heartbeat_at > acquired_at + interval '300 ms'`;
    expect(await second.query(alive)).toHaveLength(1);
  });
  await expect(acquireLease(second, request('beating'))).rejects.toMatchObject({ exitCode: 3 });
  await second.exec(`UPDATE tiptoe.lease SET token = gen_random_uuid() WHERE name = 'beating'`);
  await eventually(() => expect(lease.lost.aborted).toBe(true));
  await lease.release(first);
});

test('waiting ends with the signal', async () => {
  const [first, second] = [await db.session(), await db.session()];
  const lease = await acquireLease(first, request('aborted'));
  const signal = AbortSignal.timeout(50);
  await expect(acquireLease(second, request('aborted', { waitMs: 60_000, signal }))).rejects.toThrow(/abort/i);
  await lease.release(first);
});

test('only one of many gets it', async () => {
  const sessions = await Promise.all(Array.from({ length: 8 }, () => db.session()));
  const taken = await Promise.allSettled(sessions.map((session) => acquireLease(session, request('many'))));
  expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});
