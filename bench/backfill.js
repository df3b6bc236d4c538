/**
 * What a backfill costs: its time against one single UPDATE of the same rows and against other loops, what it writes and reads, and
 * what the traffic beside it feels. On a server that is started for it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { load } from './apply/bundle.js';
import { start } from './apply/process.js';
import { limitLoop, offsetLoop, rangeLoop, single, tiptoe } from './backfill/policies.js';
import { ROWS, SHAPES } from './backfill/shapes.js';
import { judge } from './measure.js';

const ROUNDS = 3;
const SLOWER = 1.2;
const OURS = 'tiptoe backfill';
const UNDER_LOAD_MS = 5_000;

/** `npm run bench:backfill -- bigint load`: only those. */
const words = process.argv.slice(2);
const wanted = (name) => words.length === 0 || words.some((word) => name.includes(word));

const { startScratchServer } = await load('src/scratch/scratch-server.ts');
const backfiller = await load('bench/backfill/backfiller.js');
await backfiller.loadParser();
const ours = tiptoe(backfiller);
const server = await startScratchServer({
  durable: true,
  settings: {
    shared_buffers: '256MB',
    max_wal_size: '4GB',
    checkpoint_timeout: '30min',
    autovacuum: 'off',
    max_connections: '120',
  },
});
try {
  const url = await server.createDatabase('bench');
  console.log(
    `PostgreSQL ${server.version}; ${ROWS.toLocaleString('en')} rows of about 120 bytes; medians of ${ROUNDS} rounds`,
  );
  for (const [shape, sql] of Object.entries(SHAPES)) if (wanted(shape)) await compare(url, shape, sql);
  if (wanted('load')) await underLoad(url);
} finally {
  await server.stop();
}

async function compare(url, shape, create) {
  const ways = { 'one single UPDATE': single, [OURS]: ours };
  if (shape === 'bigint')
    Object.assign(ways, {
      'range loop of 5,000': rangeLoop(5_000),
      'range loop of 20,000': rangeLoop(20_000),
      'id IN (SELECT … LIMIT)': limitLoop,
    });
  const figures = new Map(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [name, way] of Object.entries(ways)) figures.get(name).push(await measure(url, create, way));
  console.log(`\n${shape.padEnd(24)}    time  against one  blocks/row  WAL bytes/row   growth  longest transaction`);
  const alone = middle(figures.get('one single UPDATE')).seconds;
  for (const [name, all] of figures) {
    const { seconds, blocks, wal, growth, longest } = middle(all);
    console.log(
      `  ${name.padEnd(22)}${seconds.toFixed(2).padStart(6)} s${(seconds / alone).toFixed(2).padStart(13)}${blocks.toFixed(1).padStart(12)}${wal.toFixed(0).padStart(15)}${`${(growth * 100).toFixed(0)} %`.padStart(9)}${`${longest.toFixed(0)} ms`.padStart(21)}`,
    );
  }
  judge(`${OURS}, ${shape}, against one single UPDATE`, middle(figures.get(OURS)).seconds / alone, SLOWER);
}

function middle(all) {
  return all.toSorted((a, b) => a.seconds - b.seconds)[Math.floor(all.length / 2)];
}

async function fresh(client, create) {
  await client.query(`DROP TABLE IF EXISTS t; ${create}`);
  await client.query('VACUUM (FREEZE, ANALYZE) t');
  await client.query('CHECKPOINT');
}

/** Each way has a connection of its own, whose counters are there when it is closed. */
async function measure(url, create, way) {
  return withClient(url, async (watcher) => {
    await fresh(watcher, create);
    const before = await look(watcher);
    const started = performance.now();
    const longest = await withClient(url, (client) => way({ client, url }));
    const seconds = (performance.now() - started) / 1_000;
    await sleep(100);
    const after = await look(watcher);
    const left = await watcher.query('SELECT FROM t WHERE done IS DISTINCT FROM a + 1');
    if (left.rowCount > 0) throw new Error(`${left.rowCount} rows are not done`);
    return {
      seconds,
      longest,
      blocks: (after.blocks - before.blocks) / ROWS,
      wal: (after.wal - before.wal) / ROWS,
      growth: after.size / before.size - 1,
    };
  });
}

async function look(client) {
  const { rows } = await client.query(
    `SELECT pg_current_wal_insert_lsn() - '0/0' AS wal, pg_total_relation_size('t') AS size,
            (SELECT heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0)
               FROM pg_statio_user_tables WHERE relid = 't'::regclass) AS blocks`,
  );
  return Object.fromEntries(Object.entries(rows[0]).map(([name, value]) => [name, Number(value)]));
}

async function withClient(url, work) {
  const client = new Client({ connectionString: url, application_name: 'bench' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Traffic on single rows of the table, at a share of what the server can do without a backfill. */
async function underLoad(url) {
  const row = `(SELECT (random() * ${ROWS - 1})::int + 1)`;
  const traffic = [`SELECT a FROM t WHERE id = ${row}`, `UPDATE t SET filler = filler WHERE id = ${row}`];
  await withClient(url, async (client) => {
    await client.query(
      'CREATE TABLE elsewhere (id serial PRIMARY KEY, total int); INSERT INTO elsewhere (total) SELECT 1 FROM generate_series(1, 100)',
    );
    await fresh(client, SHAPES.bigint);
  });
  const most = await capacity(url, traffic);
  console.log(`\nunder load: at most ${most.toFixed(0)} statements/s without a backfill; times in ms`);
  const ways = {
    'no backfill': ({ signal }) => sleep(UNDER_LOAD_MS, 0, { signal }).catch(() => 0),
    'one single UPDATE': single,
    'LIMIT loop': limitLoop,
    'OFFSET loop': offsetLoop,
    'keyset of 5,000, 100 ms': rangeLoop(5_000, 100),
    [OURS]: ours,
  };
  for (const share of [0.3, 0.7]) {
    console.log(`\nat ${share * 100} %${' '.repeat(20)}    p50     p99   worst  elsewhere p99   rows/s`);
    for (const [name, way] of Object.entries(ways)) {
      await withClient(url, (client) => fresh(client, SHAPES.bigint));
      // Two statements are sent at a time.
      process.env.TRAFFIC_EVERY_MS = String(2_000 / (most * share));
      const application = await start('traffic.js', [url, ...traffic]);
      const started = performance.now();
      await withClient(url, (client) => way({ client, url, signal: AbortSignal.timeout(UNDER_LOAD_MS) }));
      const seconds = (performance.now() - started) / 1_000;
      const { here, elsewhere } = await application.ask('stop');
      const { rows } = await withClient(url, (client) =>
        client.query('SELECT count(*) AS n FROM t WHERE done IS NOT NULL'),
      );
      const at = (all, part) => all.toSorted((a, b) => a - b)[Math.floor((all.length - 1) * part)];
      const shown = [at(here, 0.5), at(here, 0.99), at(here, 1)].map((ms) => ms.toFixed(0).padStart(8)).join('');
      console.log(
        `  ${name.padEnd(26)}${shown}${at(elsewhere, 0.99).toFixed(0).padStart(15)}${(rows[0].n / seconds).toFixed(0).padStart(9)}`,
      );
    }
  }
}

/** Statements per second that a few sessions get through without a pause. */
async function capacity(url, traffic) {
  const until = performance.now() + 2_000;
  let done = 0;
  await Promise.all(
    Array.from({ length: 8 }, () =>
      withClient(url, async (client) => {
        while (performance.now() < until) {
          await client.query(traffic[done % traffic.length]);
          done += 1;
        }
      }),
    ),
  );
  return done / 2;
}
