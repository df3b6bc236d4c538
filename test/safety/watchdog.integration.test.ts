import { beforeAll, expect, test, vi } from 'vitest';
import { createCap } from '../../src/safety/cap.ts';
import { countStalls } from '../../src/safety/stalls.ts';
import { watch } from '../../src/safety/watchdog.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { eventually } from '../support/eventually.ts';
import { testDatabase } from '../support/database.ts';

const db = testDatabase();

beforeAll(async () => {
  await loadParser();
  const owner = await db.session();
  await owner.exec('CREATE TABLE book (id int)');
});

test('a lock that nobody had foretold starts the clock, and the work ends when it is used up', async () => {
  const [main, control] = [await db.session(), await db.session()];
  const cap = createCap(300);
  const dog = watch(control, main, cap);
  await main.exec('BEGIN');
  await expect(
    main.exec(`DO $$ BEGIN EXECUTE 'ALTER TABLE book ADD title text'; PERFORM pg_sleep(60); END $$`),
  ).rejects.toMatchObject({ sqlstate: '57014' });
  await main.exec('ROLLBACK');
  await dog.stop();
  expect(dog.cause()).toBe('cap');
  expect(cap.startedAt()).not.toBeNull();
});

test('what the transaction itself has made, and weaker locks, block nobody', async () => {
  const [main, control] = [await db.session(), await db.session()];
  const cap = createCap(1);
  const dog = watch(control, main, cap);
  await main.exec(
    'BEGIN; CREATE TABLE shelf (id int); ALTER TABLE shelf ADD b int; INSERT INTO book VALUES (1); ANALYZE book',
  );
  await main.exec('SELECT pg_sleep(0.3)');
  await main.exec('ROLLBACK');
  await dog.stop();
  expect(dog.cause()).toBeNull();
});

test('a COMMIT that takes its time is ended as well', async () => {
  const [main, control] = [await db.session(), await db.session()];
  await main.exec(`
    CREATE TABLE slow (id int);
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()`);
  const cap = createCap(200);
  const dog = watch(control, main, cap);
  await main.exec('BEGIN; LOCK TABLE slow; INSERT INTO slow VALUES (1)');
  await expect(main.exec('COMMIT')).rejects.toMatchObject({ sqlstate: '57014' });
  await dog.stop();
  expect(dog.cause()).toBe('cap');
  expect(await control.query('SELECT FROM slow')).toEqual([]);
});

test('a session that does not heed the cancel is terminated', async () => {
  const [main, control] = [await db.session(), await db.session()];
  const dog = watch(control, main, createCap(100));
  await main.exec('BEGIN; LOCK TABLE book');
  // Idle in its transaction, there is nothing to cancel.
  await vi.waitFor(() => expect(main.lost.aborted).toBe(true), { timeout: 10_000 });
  await dog.stop();
  expect(dog.cause()).toBe('cap');
});

test('it tells what the session waits for, and who waits behind it', async () => {
  const [main, control, other] = [await db.session(), await db.session(), await db.session(db.trafficUrl)];
  await other.exec('BEGIN; SELECT FROM book');
  const stalls = countStalls();
  const dog = watch(control, main, createCap(Infinity), {
    onWaiters: (waiters) => stalls.see(waiters, performance.now()),
  });
  await main.exec('BEGIN');
  const locked = main.exec('LOCK TABLE book');
  await eventually(() =>
    expect(dog.waitedFor()).toMatchObject([{ relation: 'public.book', mode: 'AccessExclusiveLock' }]),
  );
  await other.exec('COMMIT');
  await locked;
  const waiting = other.exec('SELECT FROM book');
  await eventually(() => expect(stalls.sum()).toMatchObject({ sessions: 1 }));
  await main.exec('COMMIT');
  await waiting;
  await dog.stop();
});

test('without the watching session the work is not safe, and ends', async () => {
  const [main, control] = [await db.session(), await db.session()];
  const dog = watch(control, main, createCap(60_000));
  await main.exec('BEGIN; LOCK TABLE book');
  control.destroy();
  await expect(main.exec('SELECT pg_sleep(60)')).rejects.toThrow(/terminated|lost|closed/i);
  await dog.stop();
  expect(dog.cause()).toBe('control-lost');
});

test('waits one after the other share one patience', async () => {
  const [main, control] = [await db.session(), await db.session()];
  const shelves = ['one', 'two', 'three', 'four'].map((name) => `shelf_${name}`);
  for (const shelf of shelves) await main.exec(`CREATE TABLE ${shelf} (id int)`);
  const holders = await Promise.all(
    shelves.map(async (shelf) => {
      const holder = await db.session();
      await holder.exec(`BEGIN; SELECT FROM ${shelf}`);
      return holder;
    }),
  );
  const dog = watch(control, main, createCap(60_000), { patienceMs: 1_500 });
  await main.exec('BEGIN');
  const leave = (async () => {
    // Each wait is shorter than the patience, and all together are longer.
    for (const holder of holders) {
      await holder.exec('SELECT pg_sleep(1.2)');
      await holder.exec('COMMIT');
    }
  })();
  const locked = (async () => {
    for (const shelf of shelves) await main.exec(`LOCK TABLE ${shelf}`);
  })();
  await expect(locked).rejects.toMatchObject({ sqlstate: '57014' });
  await main.exec('ROLLBACK');
  await dog.stop();
  await leave;
  expect(dog.cause()).toBe('out-of-patience');
});
