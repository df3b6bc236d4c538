import { beforeEach, expect, test } from 'vitest';
import { verifyBackfill } from '../../src/backfill/verify.ts';
import type { Session } from '../../src/db/session.ts';
import { connectionTo, testDatabase } from '../support/database.ts';
import { run, specOf } from './support.ts';

const db = testDatabase();
let session: Session;

beforeEach(async () => {
  session = await db.session();
});

/** A backfill whose WHERE does something to rows that are done: only the count meets these. */
async function makeTable(name: string, rows: number, body: string): Promise<string> {
  await session.exec(`
    ${openSql(name, body)};
    CREATE TABLE ${name} (id int PRIMARY KEY, done bool);
    INSERT INTO ${name} SELECT generate_series(1, ${rows})`);
  return `UPDATE ${name} SET done = true WHERE ${name}_open(done) AND (done IS NULL OR done)`;
}

function openSql(name: string, body: string): string {
  return `CREATE OR REPLACE FUNCTION ${name}_open(done bool) RETURNS bool LANGUAGE plpgsql STABLE COST 0.01 AS
    $$ BEGIN IF done THEN ${body} END IF; RETURN done IS NULL; END $$`;
}

const verified = (name: string) =>
  verifyBackfill(connectionTo(db.ownerUrl), 'tiptoe', name, new AbortController().signal);

test('a last count that meets an error is no end: it pauses with the reason, and goes on to count', async () => {
  const spec = await specOf('raises', await makeTable('raises', 50, `RAISE EXCEPTION 'no luck';`));
  const failure = 'no luck (SQLSTATE P0001, PL/pgSQL function raises_open(boolean) line 1 at RAISE)';
  const reason = `all keys were walked, but counting what is left failed: ${failure}`;
  expect(await run(db.ownerUrl, spec)).toMatchObject({ outcome: 'gave-up', reason, rowsDone: 50, remaining: null });
  expect(await session.query(`SELECT state, last_error FROM tiptoe.backfill WHERE name = 'raises'`)).toEqual([
    { state: 'paused', last_error: reason },
  ]);
  await expect(verified('raises')).rejects.toMatchObject({
    exitCode: 1,
    message: `Counting what raises would still change failed: ${failure}`,
  });
  await session.exec(openSql('raises', 'NULL;'));
  expect(await run(db.ownerUrl, spec)).toMatchObject({
    outcome: 'succeeded',
    rowsDone: 50,
    remaining: { kind: 'proved' },
  });
});

test('a count that the role may not make', async () => {
  const admin = await db.session(db.adminUrl);
  await admin.exec('CREATE TABLE hidden (id int)');
  const spec = await specOf('secret', await makeTable('secret', 50, 'PERFORM FROM hidden;'));
  const failure = 'permission denied for table hidden (SQLSTATE 42501, SQL statement "SELECT FROM hidden")';
  expect(await run(db.ownerUrl, spec)).toMatchObject({
    outcome: 'failed',
    reason: `all keys were walked, but counting what is left failed: ${failure}`,
    rowsDone: 50,
  });
  await expect(verified('secret')).rejects.toMatchObject({
    exitCode: 2,
    message: `Counting what secret would still change failed: ${failure}`,
  });
});

test('a count that takes longer than a statement may is made of fewer keys at a time', async () => {
  const spec = await specOf('slow', await makeTable('slow', 8, 'PERFORM pg_sleep(0.8);'));
  expect(await run(db.ownerUrl, spec)).toMatchObject({
    outcome: 'succeeded',
    rowsDone: 8,
    remaining: { kind: 'proved' },
  });
});

test('a count waits for those who lock the table meanwhile', async () => {
  const sql = await makeTable('locked', 50, 'NULL;');
  const other = await db.session();
  const happened: Promise<unknown>[] = [];
  const result = await run(db.ownerUrl, await specOf('locked', sql), {
    onEvent(event) {
      if (event.event !== 'verifying') return;
      happened.push(other.exec('BEGIN; LOCK TABLE locked; SELECT pg_sleep(1.5); COMMIT'));
    },
  });
  await Promise.all(happened);
  expect(result).toMatchObject({ outcome: 'succeeded', remaining: { kind: 'proved' } });
});
