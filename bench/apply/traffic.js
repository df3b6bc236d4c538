/**
 * An application in a process of its own, so that nobody else's work is in its figures: statements are due at fixed times, whether or not
 * the ones before have been answered, and each one's time counts from when it was due. Beside the tables in question it uses one that
 * nobody locks, with as many statements: what it waits there is the machine.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

const [url, ...statements] = process.argv.slice(2);
const CONNECTIONS = 30;
const EVERY_MS = Number(process.env.TRAFFIC_EVERY_MS ?? 10);
const ELSEWHERE = ['INSERT INTO elsewhere (total) VALUES (1)', 'SELECT total FROM elsewhere WHERE id = 17'];

const [here, elsewhere] = await Promise.all([statements, ELSEWHERE].map(open));
const stopped = new AbortController();
process.on('message', () => stopped.abort());
process.send('ready');
const started = performance.now();
for (let number = 0; !stopped.signal.aborted; number += 1) {
  const at = started + number * EVERY_MS;
  // No timer waits for less than a millisecond.
  if (at > performance.now()) await sleep(at - performance.now());
  // A timer that fires late is this process's own wait, not the server's.
  const due = Math.max(at, performance.now());
  here.ask(number, due);
  elsewhere.ask(number, due);
}
process.send({ here: await here.close(), elsewhere: await elsewhere.close() }, () => process.disconnect());

async function open(texts) {
  const idle = await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const client = new Client({ connectionString: url, application_name: 'traffic' });
      await client.connect();
      for (const text of texts) await client.query(text);
      return client;
    }),
  );
  const waiting = [];
  const latencies = [];
  const serve = async () => {
    while (waiting.length > 0 && idle.length > 0) {
      const { text, due } = waiting.shift();
      const client = idle.pop();
      await client.query(text);
      latencies.push(performance.now() - due);
      idle.push(client);
    }
  };
  return {
    ask(number, due) {
      waiting.push({ text: texts[number % texts.length], due });
      void serve();
    },
    async close() {
      while (idle.length < CONNECTIONS || waiting.length > 0) await sleep(5);
      await Promise.all(idle.map((client) => client.end()));
      return latencies;
    },
  };
}
