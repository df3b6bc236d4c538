import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { messageReader } from '../support/wire-messages.ts';
import { run, specOf } from './support.ts';

const db = testDatabase();

/** What the server has answered to the session that commits, up to each of its COMMITs. */
async function countAnswers(url: string): Promise<{ readonly url: string; readonly atCommits: () => number[] }> {
  const { hostname, port } = new URL(url);
  const sessions: number[][] = [];
  const server = createServer((client) => {
    const upstream = createConnection({ host: hostname, port: Number(port) });
    const read = messageReader(false);
    const atCommits: number[] = [];
    let answers = 0;
    sessions.push(atCommits);
    upstream.on('data', (data) => {
      for (const { type, bytes } of read(data)) {
        if (type === 'C' && bytes.includes('COMMIT')) atCommits.push(answers);
        if (type === 'Z') answers += 1;
      }
      client.write(data);
    });
    client.on('data', (data) => upstream.write(data));
    client.on('close', () => upstream.destroy()).on('error', () => {});
    upstream.on('close', () => client.destroy()).on('error', () => {});
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const through = new URL(url);
  through.port = String(address.port);
  through.hostname = '127.0.0.1';
  through.searchParams.set('sslmode', 'disable');
  return {
    url: through.href,
    atCommits: () => sessions.toSorted((one, other) => other.length - one.length)[0] ?? [],
  };
}

test.each([
  ['with a key', 'PRIMARY KEY'],
  ['without a key', ''],
])(
  'a batch takes five round trips, its keys, BEGIN with the lease, the statement, the checkpoint, COMMIT: %s',
  async (what, key) => {
    const session = await db.session();
    const name = what.replaceAll(' ', '_');
    await session.exec(
      `CREATE TABLE ${name} (id int ${key}, n int, pad text); ALTER TABLE ${name} SET (autovacuum_enabled = off);
       INSERT INTO ${name} SELECT i, NULL, repeat('x', 700) FROM generate_series(1, 1200) i; ANALYZE ${name}`,
    );
    const spec = await specOf(name, `UPDATE ${name} SET n = 1 WHERE n IS NULL`);
    const { url, atCommits } = await countAnswers(db.ownerUrl);
    const ran = await run(url, spec, { settings: { batchSize: 40, maxBatchSize: 40, batchTimeMs: 60_000 } });
    expect(ran).toMatchObject({ outcome: 'succeeded', rowsDone: 1200 });
    expect(ran.batches).toBeGreaterThanOrEqual(30);
    const counts = atCommits();
    const each = counts.map((answers, index) => answers - (counts[index - 1] ?? 0));
    expect(each.filter((answers) => answers === 5).length).toBeGreaterThanOrEqual(29);
  },
);

test('without a key, whose blocks were counted in the batch before, it takes four', async () => {
  const session = await db.session();
  await session.exec(
    `CREATE TABLE uncounted (id int, n int, pad text) WITH (autovacuum_enabled = off);
     INSERT INTO uncounted SELECT i, NULL, repeat('x', 100) FROM generate_series(1, 30000) i; ANALYZE uncounted`,
  );
  const { url, atCommits } = await countAnswers(db.ownerUrl);
  const ran = await run(url, await specOf('uncounted', 'UPDATE uncounted SET n = 1 WHERE n IS NULL'), {
    settings: { batchSize: 1_500, maxBatchSize: 1_500, batchTimeMs: 60_000 },
  });
  expect(ran).toMatchObject({ outcome: 'succeeded', rowsDone: 30_000 });
  const counts = atCommits();
  const each = counts.map((answers, index) => answers - (counts[index - 1] ?? 0));
  expect(each.filter((answers) => answers === 4).length).toBeGreaterThanOrEqual(ran.batches - 3);
});
