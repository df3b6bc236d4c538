import { openSession } from '../../src/db/session.ts';
import { connectionTo } from './database.ts';

export interface Traffic {
  /** Ends it and returns how long each statement took, in milliseconds. */
  stop(): Promise<number[]>;
}

/** An application: each worker runs the statement again and again, from its own connection. */
export async function startTraffic(url: string, statement: string, workers = 3): Promise<Traffic> {
  const latencies: number[] = [];
  const stopped = new AbortController();
  const running = await Promise.all(
    Array.from({ length: workers }, async () => {
      const session = await openSession(connectionTo(url), { applicationName: 'traffic' });
      await session.exec(statement);
      const work = async () => {
        while (!stopped.signal.aborted) {
          const started = performance.now();
          await session.exec(statement);
          latencies.push(performance.now() - started);
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
        await session.close();
      };
      return { done: work() };
    }),
  );
  return {
    async stop() {
      stopped.abort();
      await Promise.all(running.map(({ done }) => done));
      return latencies;
    },
  };
}
