import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../../db/session.ts';

/** Looks at something again and again on a connection of its own, so that nobody has to wait for its answer. */
export interface Poll<T> {
  /** What was seen last; throws why it could not be seen, or that it was too long ago. */
  latest(): Promise<T>;
  close(): void;
}

interface PollOptions<T> {
  readonly open: () => Promise<Session>;
  readonly look: (session: Session) => Promise<T>;
  readonly everyMs: number;
}

/** The first answer is waited for, within reason. */
const FIRST_MS = 300;
const STALE_MS = 5_000;

export function poll<T>({ open, look, everyMs }: PollOptions<T>): Poll<T> {
  const stopped = new AbortController();
  let session: Session | null = null;
  let seen: { readonly at: number; readonly value: () => T } | null = null;

  const once = async (): Promise<void> => {
    try {
      session ??= await open();
      if (stopped.signal.aborted) return;
      const value = await look(session);
      seen = { at: performance.now(), value: () => value };
    } catch (error) {
      seen = {
        at: performance.now(),
        // Not as it is: a connection that is lost here is not the one that the backfill works on.
        value: () => {
          throw new Error(error instanceof Error ? error.message : String(error), { cause: error });
        },
      };
      session?.destroy();
      session = null;
    }
  };
  const watch = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await sleep(everyMs, undefined, { signal: stopped.signal }).catch(() => undefined);
      if (!stopped.signal.aborted) await once();
    }
    session?.destroy();
  };
  const first = once();
  void first.then(watch);

  return {
    async latest() {
      const impatience = new AbortController();
      const limit = sleep(FIRST_MS, undefined, { signal: impatience.signal }).catch(() => undefined);
      await Promise.race([first, limit]);
      impatience.abort();
      if (seen === null) throw new Error('it has not answered yet');
      const age = performance.now() - seen.at;
      if (age > STALE_MS) throw new Error(`it has not answered for ${Math.round(age / 1000)} s`);
      return seen.value();
    },
    close() {
      stopped.abort();
      session?.destroy();
    },
  };
}
