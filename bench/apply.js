/**
 * What traffic feels while a migration waits for its lock: `tiptoe apply` against the ways in which others wait, behind everything that
 * stands in the way of one. Times are of an application in a process of its own, on a server that is started for it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { load } from './apply/bundle.js';
import { OURS, POLICIES } from './apply/policies.js';
import { start } from './apply/process.js';
import { makeTables, SCENARIOS } from './apply/scenarios.js';

/** The default of --max-stall, and how much worse than the best of the others ours may be. */
const MAX_STALL_MS = 200;
const MARGIN_MS = 20;
const LONG_MS = 50;
/** What the application does alone, before and after. */
const LEAD_MS = 300;

/** `npm run bench:apply -- autovacuum reader`: only the scenarios whose names have one of these words. */
const words = process.argv.slice(2);
const { startScratchServer } = await load('src/scratch/scratch-server.ts');
const server = await startScratchServer({
  settings: { autovacuum_naptime: '1s', max_prepared_transactions: '5', max_connections: '100' },
});
let runs = 0;
try {
  const url = await server.createDatabase('bench');
  await makeTables(url);
  console.log(
    `PostgreSQL ${server.version}; 100 statements a second on the tables, and as many elsewhere; times in ms\n`,
  );
  const wanted = SCENARIOS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  for (const scenario of wanted) await judge(url, scenario);
} finally {
  await server.stop();
}

/**
 * A machine that does something else meanwhile holds up anyone: what was felt on a table that nobody locks is allowed for, and what was
 * missed is measured once more, all of it.
 */
async function judge(url, scenario) {
  let missed = judged(await measureAll(url, scenario));
  if (missed.length > 0) {
    console.log(`  measured once more: ${missed.join('; ')}`);
    missed = judged(await measureAll(url, scenario));
  }
  console.log(missed.length === 0 ? '  ✓ kept\n' : `  ✗ ${missed.join('; ')}\n`);
  if (missed.length > 0) process.exitCode = 1;
}

function judged(figures) {
  const ours = figures.get(OURS);
  const others = [...figures].filter(([name, { done }]) => name !== OURS && done);
  const best = Math.min(...others.map(([, { worst }]) => worst));
  return [
    ...(ours.done ? [] : [`${OURS} did not go through`]),
    ...(ours.worst < MAX_STALL_MS + ours.machine
      ? []
      : [`worst wait ${ours.worst.toFixed(0)} ms, promised ${MAX_STALL_MS} ms`]),
    ...(ours.worst <= best + MARGIN_MS + ours.machine
      ? []
      : [`worst wait ${ours.worst.toFixed(0)} ms, ${best.toFixed(0)} ms with another policy`]),
  ];
}

async function measureAll(url, scenario) {
  console.log(`${scenario.name.padEnd(46)}worst wait   elsewhere     p99   > ${LONG_MS} ms   success after`);
  const figures = new Map();
  for (const [name, policy] of Object.entries(POLICIES)) {
    const figure = await measure(url, scenario, policy);
    figures.set(name, figure);
    const { worst, machine, p99, long, done, seconds } = figure;
    console.log(
      `  ${name.padEnd(44)}${worst.toFixed(0).padStart(10)}${machine.toFixed(0).padStart(12)}${p99.toFixed(0).padStart(8)}${String(long).padStart(10)}${(done ? `${seconds.toFixed(1)} s` : 'never').padStart(16)}`,
    );
  }
  return figures;
}

async function measure(url, { traffic, tables = ['orders'], prepare, arrange, withinMs }, policy) {
  runs += 1;
  await prepare?.(url);
  const sql = tables.map((table) => `ALTER TABLE ${table} ADD COLUMN note_${runs} text`).join('; ');
  const run = await policy({ url, name: `note_${runs}`, sql });
  const application = await start('traffic.js', [url, ...traffic]);
  const clear = await arrange(url);
  try {
    await sleep(LEAD_MS);
    const started = performance.now();
    const done = await run(AbortSignal.timeout(withinMs));
    const seconds = (performance.now() - started) / 1_000;
    await sleep(LEAD_MS);
    const { here, elsewhere } = await application.ask('stop');
    const latencies = here.toSorted((a, b) => a - b);
    const p99 = latencies[Math.floor(latencies.length * 0.99)];
    const machine = Math.max(...elsewhere);
    return {
      done,
      seconds,
      worst: latencies.at(-1),
      machine,
      p99,
      long: latencies.filter((ms) => ms > LONG_MS).length,
    };
  } finally {
    await clear();
  }
}
