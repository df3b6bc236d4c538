import { sqlstate } from '../db/errors.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import type { Link } from './link.ts';

/** What a person does who will not wait for the batch at work. */
export interface BatchCancel {
  /** Work that may be cut off. Anything else is over in a moment, and must not be: what is written then is how it ended. */
  cancellably<T>(work: () => Promise<T>): Promise<T>;
  wasAsked(): boolean;
  /** Whether a failure is what was asked for. */
  caused(error: unknown): boolean;
  stop(): void;
}

const AGAIN_MS = 200;

export function listenForCancel(asked: AbortSignal, link: () => Link): BatchCancel {
  let again: NodeJS.Timeout | undefined;
  let isCancellable = false;
  const cancel = (): void => {
    // Between two statements of a batch a cancel does nothing.
    again = setTimeout(cancel, AGAIN_MS).unref();
    if (!isCancellable) return;
    const { control, main } = link();
    control.query('SELECT pg_catalog.pg_cancel_backend($1)', [main.pid]).catch(() => undefined);
  };
  asked.addEventListener('abort', cancel);
  return {
    async cancellably(work) {
      isCancellable = true;
      try {
        return await work();
      } finally {
        isCancellable = false;
      }
    },
    wasAsked: () => asked.aborted,
    caused: (error) => asked.aborted && sqlstate(error) === SQLSTATE.query_canceled,
    stop() {
      asked.removeEventListener('abort', cancel);
      clearTimeout(again);
    },
  };
}
