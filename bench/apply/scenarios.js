/** What stands in the way of a migration, and whose traffic is beside it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

const BOTH = [
  `INSERT INTO orders (total) VALUES (1)`,
  `INSERT INTO items (total) VALUES (1)`,
  'SELECT total FROM orders WHERE id = 17',
  'SELECT total FROM items WHERE id = 17',
];
const ORDERS = [BOTH[0], BOTH[2]];

/** `arrange` puts something in the way and returns what takes it away again; nobody tries for longer than `withinMs`. */
export const SCENARIOS = [
  { name: 'nobody in the way', traffic: ORDERS, withinMs: 10_000, arrange: async () => async () => {} },
  { name: 'a reader for 1 s', traffic: ORDERS, withinMs: 10_000, arrange: (url) => reader(url, 'orders', 1_000) },
  { name: 'a reader for 4 s', traffic: ORDERS, withinMs: 20_000, arrange: (url) => reader(url, 'orders', 4_000) },
  { name: 'a reader for 20 s', traffic: ORDERS, withinMs: 40_000, arrange: (url) => reader(url, 'orders', 20_000) },
  {
    name: 'two tables, a reader of the second for 2 s',
    tables: ['orders', 'items'],
    traffic: BOTH,
    withinMs: 15_000,
    arrange: (url) => reader(url, 'items', 2_000),
  },
  {
    name: 'autovacuum',
    tables: ['vacuumed'],
    traffic: onVacuumed(),
    withinMs: 8_000,
    prepare: underAutovacuum,
    arrange: autovacuum,
  },
  { name: 'a prepared transaction for 3 s', traffic: ORDERS, withinMs: 15_000, arrange: prepared },
  ...[15, 60, 200].map((ms) => ({
    name: `4 sessions, transactions of ${ms} ms`,
    traffic: ORDERS,
    withinMs: 12_000,
    arrange: (url) => overlapping(url, ms),
  })),
];

function onVacuumed() {
  return ['INSERT INTO vacuumed (total) VALUES (1)', 'SELECT total FROM vacuumed WHERE id = 17'];
}

export async function makeTables(url) {
  await withClient(url, async (client) => {
    for (const table of ['orders', 'items', 'elsewhere'])
      await client.query(`CREATE TABLE ${table} (id serial PRIMARY KEY, total int) WITH (autovacuum_enabled = false);
        INSERT INTO ${table} (total) SELECT g FROM generate_series(1, 10000) g`);
  });
}

async function withClient(url, work) {
  const client = await connected(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function connected(url) {
  const client = new Client({ connectionString: url, application_name: 'in the way' });
  await client.connect();
  return client;
}

async function reader(url, table, ms) {
  const client = await connected(url);
  await client.query(`BEGIN; SELECT count(*) FROM ${table}`);
  const early = new AbortController();
  const left = sleep(ms, undefined, { signal: early.signal })
    .catch(() => {})
    .then(() => client.query('COMMIT'))
    .then(() => client.end());
  return async () => {
    early.abort();
    await left;
  };
}

async function prepared(url) {
  await withClient(url, (client) =>
    client.query(`BEGIN; INSERT INTO orders (total) VALUES (2); PREPARE TRANSACTION 'transfer'`),
  );
  const early = new AbortController();
  const ended = sleep(3_000, undefined, { signal: early.signal })
    .catch(() => {})
    .then(() => withClient(url, (client) => client.query(`COMMIT PREPARED 'transfer'`)));
  return async () => {
    early.abort();
    await ended;
  };
}

/** Sessions that always have a transaction open, one after the other. */
async function overlapping(url, ms) {
  const stopped = new AbortController();
  const transaction = `BEGIN; SELECT count(*) FROM orders WHERE id < 10; SELECT pg_sleep(${ms / 1_000}); COMMIT`;
  const sessions = await Promise.all(Array.from({ length: 4 }, () => connected(url)));
  const running = sessions.map(async (client, number) => {
    await sleep((number * ms) / sessions.length);
    while (!stopped.signal.aborted) await client.query(transaction);
    await client.end();
  });
  await sleep(2 * ms);
  return async () => {
    stopped.abort();
    await Promise.all(running);
  };
}

/** Its autovacuum would be at it for minutes, and the server starts another within a second of its end. */
function underAutovacuum(url) {
  return withClient(url, (client) =>
    client.query(`
      DROP TABLE IF EXISTS vacuumed;
      CREATE TABLE vacuumed (id serial PRIMARY KEY, total int) WITH (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1,
        autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_insert_threshold = -1,
        autovacuum_analyze_threshold = 2000000000);
      INSERT INTO vacuumed (total) SELECT g FROM generate_series(1, 100000) g;
      DELETE FROM vacuumed WHERE id % 2 = 0`),
  );
}

async function autovacuum(url) {
  const atIt = `SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE a.backend_type = 'autovacuum worker' AND l.relation = 'vacuumed'::regclass AND a.xact_start < now() - interval '0.2 s'`;
  await withClient(url, async (client) => {
    while ((await client.query(atIt)).rowCount === 0) await sleep(100);
  });
  return () => withClient(url, (client) => client.query('ALTER TABLE vacuumed SET (autovacuum_enabled = false)'));
}
