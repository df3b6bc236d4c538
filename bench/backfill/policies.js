/** Ways to change all rows of `t`: as others do it, and ours. Each takes a connected client and gives its longest transaction in ms. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ROWS, STATEMENT } from './shapes.js';

const isOver = (signal) => signal?.aborted === true;

async function timed(client, sql, values) {
  const started = performance.now();
  const { rowCount } = await client.query(sql, values);
  return { ms: performance.now() - started, rowCount };
}

export const single = async ({ client }) => (await timed(client, STATEMENT)).ms;

export function rangeLoop(size, pauseMs = 0) {
  return async ({ client, signal }) => {
    let longest = 0;
    for (let after = 0; after < ROWS && !isOver(signal); after += size) {
      const { ms } = await timed(client, `${STATEMENT} AND id > $1 AND id <= $2`, [after, after + size]);
      longest = Math.max(longest, ms);
      if (pauseMs > 0) await sleep(pauseMs);
    }
    return longest;
  };
}

/** Again and again as long as rows come back. */
function untilNone(sql) {
  return async ({ client, signal }) => {
    let longest = 0;
    for (let offset = 0; !isOver(signal); offset += 5_000) {
      const { ms, rowCount } = await timed(client, sql(offset));
      longest = Math.max(longest, ms);
      if (rowCount === 0) return longest;
    }
    return longest;
  };
}

const limited = (where) => `UPDATE t SET done = a + 1 WHERE id IN (SELECT id FROM t ${where} LIMIT 5000)`;

export const limitLoop = untilNone(() => limited('WHERE done IS NULL'));
export const offsetLoop = untilNone((offset) => limited(`ORDER BY id OFFSET ${offset}`));

let runs = 0;

export function tiptoe({ runBackfill, readSpec, resolveConnection }, options = {}) {
  return async ({ url, signal }) => {
    runs += 1;
    const name = `bench_${runs}`;
    let longest = 0;
    const { outcome, reason } = await runBackfill({
      connection: resolveConnection({ databaseUrl: url, env: {} }),
      schema: 'tiptoe',
      source: readSpec({ name, path: `${name}.backfill.sql`, text: STATEMENT }),
      owner: 'bench',
      ...options,
      ...(signal === undefined ? {} : { pause: signal }),
      onEvent(event) {
        if (event.event === 'progress') longest = Math.max(longest, event.batchMs);
      },
    });
    if (outcome !== 'succeeded' && !isOver(signal)) throw new Error(`the backfill ended as ${outcome}: ${reason}`);
    return longest;
  };
}
