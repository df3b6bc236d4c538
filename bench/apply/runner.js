/**
 * `tiptoe apply` in a process of its own that has already started: elsewhere the runner is not on the server's machine, and here its start
 * would take the processor from the server.
 */
import { load } from './bundle.js';

const [url] = process.argv.slice(2);
const { apply } = await load('src/migrate/apply.ts');
const { resolveConnection } = await load('src/db/connection.ts');
const connection = resolveConnection({ databaseUrl: url, env: {} });
const aborted = new AbortController();

/** With the defaults of the command. */
function run(name, text) {
  return apply({
    connection,
    files: [{ path: `${name}.sql`, name, version: null, kind: 'migration', text }],
    schema: `tiptoe_${name}`,
    variables: {},
    limits: { maxStallMs: 200, capMs: 5_000, giveUpAfterMs: 600_000 },
    waitForRunnerMs: 60_000,
    outOfOrder: 'refuse',
    runner: { from: 'bench', toolVersion: 'bench' },
    signal: aborted.signal,
    onEvent() {},
  });
}

process.on('message', (message) => {
  if (message === 'stop') aborted.abort();
  else void run(message.name, message.sql).then((result) => process.send(result, () => process.disconnect()));
});
await run('warm_up', 'SELECT 1;');
process.send('ready');
