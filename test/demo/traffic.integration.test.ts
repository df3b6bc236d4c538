import { expect, test } from 'vitest';
import { type Pulse, startTraffic } from '../../src/demo/traffic.ts';
import { isConnectionLost } from '../../src/db/errors.ts';
import { withTransaction } from '../../src/db/transaction.ts';
import { connectionTo, testDatabase } from '../support/database.ts';

const db = testDatabase();

test('a stall is felt by everyone who comes during it', async () => {
  const owner = await db.session();
  await owner.exec('CREATE TABLE hits (id int PRIMARY KEY, n int NOT NULL); INSERT INTO hits VALUES (1, 0)');
  const traffic = await startTraffic(connectionTo(db.trafficUrl), () => ({
    sql: 'SELECT n FROM hits WHERE id = $1',
    values: [1],
  }));
  try {
    const pulses: Pulse[] = [];
    let stalledMs = 0;
    const { value, figures, durationMs } = await traffic.measure(
      () =>
        withTransaction(owner, async () => {
          await owner.exec('LOCK TABLE hits IN ACCESS EXCLUSIVE MODE');
          const since = performance.now();
          // More than there are connections: the others wait before they are sent.
          await expect.poll(() => pulses.at(-1)?.waiting ?? 0).toBeGreaterThan(30);
          stalledMs = performance.now() - since;
          return 'done';
        }),
      (pulse) => pulses.push(pulse),
    );
    expect(value).toBe('done');
    expect(figures.samples).toBeGreaterThan(30);
    expect(figures.maxMs).toBeGreaterThan(stalledMs * 0.9);
    expect(figures.p50Ms).toBeGreaterThan(1);
    expect(figures.errors).toBe(0);
    expect(durationMs).toBeGreaterThan(stalledMs);
    expect(pulses.at(-1)?.longestWaitMs).toBeGreaterThan(0);

    const calm = await traffic.measure(() => expect.poll(() => true).toBe(true));
    expect(calm.figures.maxMs).toBeLessThan(figures.maxMs);
  } finally {
    traffic.stop();
  }
});

test('requests that fail are counted, and a lost connection ends the measurement', async () => {
  const admin = await db.session(db.adminUrl);
  let divisor = 0;
  let errors = 0;
  const onPulse = (pulse: Pulse): void => {
    ({ errors } = pulse);
  };
  const traffic = await startTraffic(connectionTo(db.trafficUrl), () => ({
    sql: 'SELECT 1 / $1::int',
    values: [divisor],
  }));
  try {
    const { figures } = await traffic.measure(() => expect.poll(() => errors).toBeGreaterThan(0), onPulse);
    expect(figures.errors).toBeGreaterThan(0);
    expect(figures.samples).toBe(0);

    [divisor, errors] = [1, 0];
    const interrupted = traffic.measure(async () => {
      await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1`, [db.trafficRole]);
      await expect.poll(() => errors).toBeGreaterThan(0);
    }, onPulse);
    await expect(interrupted.catch(isConnectionLost)).resolves.toBe(true);
  } finally {
    traffic.stop();
  }
});
