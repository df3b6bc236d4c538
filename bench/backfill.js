/**
 * What a backfill costs: its time against one single UPDATE of the same rows and against other loops, what it writes and reads, and
 * what the traffic beside it feels. On a server that is started for it.
 */
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { load } from './apply/bundle.js';
import { start } from './apply/process.js';
import { limitLoop, offsetLoop, rangeLoop, single, tiptoe } from './backfill/policies.js';
import { ROWS, SHAPES } from './backfill/shapes.js';
import { judge, median } from './measure.js';

const ROUNDS = 3;
const SINGLE = 'one single UPDATE';
const OURS = 'tiptoe backfill';
const TWO_WORKERS = 'tiptoe, two workers';
/** Against one single UPDATE. */
const AT_MOST = { [OURS]: 1.2, [TWO_WORKERS]: 1 };
const UNDER_LOAD_MS = 3_000;

/** `npm run bench:backfill -- bigint load`: only those. */
const words = process.argv.slice(2);
const wanted = (name) => words.length === 0 || words.some((word) => name.includes(word));

const { startScratchServer } = await load('src/scratch/scratch-server.ts');
const backfiller = await load('bench/backfill/backfiller.js');
await backfiller.loadParser();
const ours = tiptoe(backfiller);
const began = performance.now();
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
    `PostgreSQL ${server.version}; ${ROWS.toLocaleString('en')} rows of about 120 bytes; medians of ${ROUNDS} rounds; load average of the machine ${loadavg()[0].toFixed(1)}`,
  );
  for (const shape of Object.keys(SHAPES)) if (wanted(shape)) await compare(url, shape);
  if (wanted('load')) await underLoad(url);
  console.log(`\n${((performance.now() - began) / 1_000).toFixed(0)} s; load average ${loadavg()[0].toFixed(1)}`);
} finally {
  await server.stop();
}

async function compare(url, shape) {
  const template = await prepare(shape);
  const ways = { [SINGLE]: single, [OURS]: ours };
  if (shape === 'bigint')
    Object.assign(ways, {
      [TWO_WORKERS]: tiptoe(backfiller, { workers: 2 }),
      'range loop of 5,000': rangeLoop(5_000),
      'range loop of 20,000': rangeLoop(20_000),
      'id IN (SELECT … LIMIT)': limitLoop,
    });
  const figures = new Map(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [name, way] of Object.entries(ways)) figures.get(name).push(await measure(url, template, way));
  console.log(`\n${shape.padEnd(24)}    time  against one  blocks/row  WAL bytes/row   growth  longest transaction`);
  // A busy machine slows a whole round: what is compared was measured within one.
  const against = (all) => median(all.map(({ seconds }, round) => seconds / figures.get(SINGLE)[round].seconds));
  for (const [name, all] of figures) {
    const figure = (of) => median(all.map((one) => one[of]));
    const [seconds, blocks, wal, growth, longest] = ['seconds', 'blocks', 'wal', 'growth', 'longest'].map(figure);
    console.log(
      `  ${name.padEnd(22)}${seconds.toFixed(2).padStart(6)} s${against(all).toFixed(2).padStart(13)}${blocks.toFixed(1).padStart(12)}${wal.toFixed(0).padStart(15)}${`${(growth * 100).toFixed(0)} %`.padStart(9)}${`${longest.toFixed(0)} ms`.padStart(21)}`,
    );
  }
  for (const [name, most] of Object.entries(AT_MOST))
    if (figures.has(name)) judge(`${name}, ${shape}, against one single UPDATE`, against(figures.get(name)), most);
}

/** A database with a table of that shape, and with what a first backfill makes on a server. Returns its name. */
async function prepare(shape, more = '') {
  const name = `template_${shape.replaceAll(/\W+/g, '_')}${more === '' ? '' : '_and_more'}`;
  const url = await server.createDatabase(name);
  await withClient(url, (client) => client.query('CREATE TABLE t (id int PRIMARY KEY, a int, done int)'));
  await ours({ url });
  await withClient(url, async (client) => {
    await client.query(`DROP TABLE t; ${SHAPES[shape]}; ${more}`);
    await client.query('VACUUM (FREEZE, ANALYZE)');
  });
  return name;
}

/** Each way begins with the same files, and with nothing left to write to them. */
async function fresh(template) {
  await withClient(server.url, async (client) => {
    await client.query('DROP DATABASE IF EXISTS bench WITH (FORCE)');
    await client.query(`CREATE DATABASE bench TEMPLATE ${template}`);
    await client.query('CHECKPOINT');
  });
}

/** Each way has a connection of its own, whose counters are there when it is closed. */
async function measure(url, template, way) {
  await fresh(template);
  return withClient(url, async (watcher) => {
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
  const template = await prepare(
    'bigint',
    'CREATE TABLE elsewhere (id serial PRIMARY KEY, total int); INSERT INTO elsewhere (total) SELECT 1 FROM generate_series(1, 100)',
  );
  await fresh(template);
  const most = await capacity(url, traffic);
  console.log(`\nunder load: at most ${most.toFixed(0)} statements/s without a backfill; times in ms`);
  const ways = {
    'no backfill': ({ signal }) => sleep(UNDER_LOAD_MS, 0, { signal }).catch(() => 0),
    [SINGLE]: single,
    'LIMIT loop': limitLoop,
    'OFFSET loop': offsetLoop,
    'keyset of 5,000, 100 ms': rangeLoop(5_000, 100),
    [OURS]: ours,
  };
  for (const share of [0.3, 0.7]) {
    // Two statements are sent at a time.
    process.env.TRAFFIC_EVERY_MS = String(2_000 / (most * share));
    const figures = new Map(Object.keys(ways).map((name) => [name, []]));
    for (let round = 0; round < ROUNDS; round += 1)
      for (const [name, way] of Object.entries(ways)) figures.get(name).push(await beside(url, template, traffic, way));
    console.log(`\nat ${share * 100} %${' '.repeat(20)}    p50     p99   worst  elsewhere p99   rows/s`);
    for (const [name, all] of figures) {
      const figure = (of, width) =>
        median(all.map((one) => one[of]))
          .toFixed(0)
          .padStart(width);
      console.log(
        `  ${name.padEnd(26)}${figure('p50', 8)}${figure('p99', 8)}${figure('worst', 8)}${figure('elsewhere', 15)}${figure('rowsPerSecond', 9)}`,
      );
    }
  }
}

/** What the traffic waits while a way is at work, and how far that comes. */
async function beside(url, template, traffic, way) {
  await fresh(template);
  const application = await start('traffic.js', [url, ...traffic]);
  const started = performance.now();
  await withClient(url, (client) => way({ client, url, signal: AbortSignal.timeout(UNDER_LOAD_MS) }));
  const seconds = (performance.now() - started) / 1_000;
  const { here, elsewhere } = await application.ask('stop');
  const { rows } = await withClient(url, (client) =>
    client.query('SELECT count(*) AS n FROM t WHERE done IS NOT NULL'),
  );
  const at = (all, part) => all.toSorted((a, b) => a - b)[Math.floor((all.length - 1) * part)];
  return {
    p50: at(here, 0.5),
    p99: at(here, 0.99),
    worst: at(here, 1),
    elsewhere: at(elsewhere, 0.99),
    rowsPerSecond: rows[0].n / seconds,
  };
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
