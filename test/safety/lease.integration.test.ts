import { expect, test, vi } from 'vitest';
import { withTransaction } from '../../src/db/transaction.ts';
import type { Session } from '../../src/db/session.ts';
import { acquireLease, assertLease, LeaseLost, type LeaseRequest } from '../../src/safety/lease.ts';
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

test('a released lease can be had at once, with a greater token', async () => {
  const [first, second] = [await db.session(), await db.session()];
  const before = await acquireLease(first, request('released'));
  await before.release(first);
  const after = await acquireLease(second, request('released'));
  expect(BigInt(after.token)).toBeGreaterThan(BigInt(before.token));
  await after.release(second);
});

test('the lease of a dead process is taken over at once', async () => {
  const [first, second] = [await db.session(), await db.session()];
  await acquireLease(first, request('dead'));
  first.destroy();
  const lease = await acquireLease(second, request('dead', { waitMs: 20_000, owner: 'bob' }));
  expect(lease.token).toBe('2');
  await lease.release(second);
});

test('who slept through the lease cannot write any more', async () => {
  const [first, second] = [await db.session(), await db.session()];
  const slept = await acquireLease(first, request('slept', { ttlMs: 1_000_000 }));
  await first.exec(`UPDATE tiptoe.lease SET expires_at = now() - interval '1 s' WHERE name = 'slept'`);
  await expect(writes(first, slept)).resolves.toBeUndefined();
  const lease = await acquireLease(second, request('slept'));
  await expect(writes(first, slept)).rejects.toThrow(LeaseLost);
  await expect(slept.heartbeat(first)).rejects.toThrow(LeaseLost);
  expect(slept.lost.aborted).toBe(true);
  await expect(writes(second, lease)).resolves.toBeUndefined();
  await slept.release(first);
  await lease.release(second);
});

test('nobody takes over while a transaction has asserted the lease, and heartbeats go on meanwhile', async () => {
  const [control, main, other] = [await db.session(), await db.session(), await db.session()];
  const lease = await acquireLease(control, request('asserted'));
  await withTransaction(main, async () => {
    await assertLease(main, lease);
    await control.exec(`SET lock_timeout = '2s'`);
    await lease.heartbeat(control);
    await control.exec(`UPDATE tiptoe.lease SET expires_at = now() - interval '1 s' WHERE name = 'asserted'`);
    await expect(acquireLease(other, request('asserted', { waitMs: 200 }))).rejects.toMatchObject({ exitCode: 3 });
  });
  const next = await acquireLease(other, request('asserted'));
  await next.release(other);
  await lease.release(control);
});

test('it keeps itself alive, and tells when it is lost', async () => {
  const [first, second] = [await db.session(), await db.session()];
  const lease = await acquireLease(first, request('beating', { ttlMs: 150 }));
  await vi.waitFor(async () => {
    const alive = `SELECT FROM tiptoe.lease WHERE name = 'beating' AND heartbeat_at > acquired_at + interval '300 ms'`;
    expect(await second.query(alive)).toHaveLength(1);
  });
  await expect(acquireLease(second, request('beating'))).rejects.toMatchObject({ exitCode: 3 });
  await second.exec(`UPDATE tiptoe.lease SET token = token + 1 WHERE name = 'beating'`);
  await vi.waitFor(() => expect(lease.lost.aborted).toBe(true));
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
