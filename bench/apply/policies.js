/** Ways to run a migration, as others do it, and ours. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { start } from './process.js';

const LOCK_NOT_AVAILABLE = '55P03';

/** The name of ours in the table. */
export const OURS = 'tiptoe apply';

/** By name. Each gets ready, and returns what runs the `sql` until it went through, which is true, or until `signal`. */
export const POLICIES = {
  'psql, no timeout': (work) => tries(work, { lockTimeout: '0', most: 1 }),
  'lock_timeout = 5s': (work) => tries(work, { lockTimeout: '5s', most: 1 }),
  '50 ms, 30 times': (work) => tries(work, { lockTimeout: '50ms', most: 30, pause: () => 50 }),
  // https://github.com/xataio/pgroll/blob/main/pkg/db/db.go
  'pgroll: 500 ms, back-off': (work) =>
    tries(work, { lockTimeout: '500ms', pause: (tried) => Math.random() * Math.min(1_000 * 2 ** tried, 60_000) }),
  [OURS]: apply,
};

async function tries({ url, sql }, policy) {
  const client = new Client({ connectionString: url, application_name: 'migration' });
  client.on('error', () => {});
  await client.connect();
  await client.query(`SET lock_timeout = '${policy.lockTimeout}'`);
  return (signal) => tryWith(client, sql, policy, signal);
}

async function tryWith(client, sql, { most = Infinity, pause }, signal) {
  signal.addEventListener('abort', () => client.connection.stream.destroy());
  try {
    for (let tried = 0; tried < most && !signal.aborted; tried += 1) {
      if (tried > 0) await sleep(pause(tried - 1), undefined, { signal });
      try {
        await client.query(`BEGIN; ${sql}; COMMIT`);
        return true;
      } catch (error) {
        if (error.code !== LOCK_NOT_AVAILABLE) throw error;
        await client.query('ROLLBACK');
      }
    }
    return false;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  } finally {
    client.end().catch(() => {});
  }
}

/** In a process of its own. */
async function apply({ url, name, sql }) {
  const child = await start('runner.js', [url]);
  return async (signal) => {
    signal.addEventListener('abort', () => child.send('stop'));
    const { outcome, message } = await child.ask({ name, sql: `${sql};` });
    if (outcome !== 'done' && outcome !== 'gave-up') throw new Error(message);
    return outcome === 'done';
  };
}
