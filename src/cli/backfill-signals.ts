export interface StopSignals {
  readonly pause: AbortSignal;
  readonly cancelBatch: AbortSignal;
  release(): void;
}

/** How long a batch may take after SIGTERM; Kubernetes kills after 30 s, docker stop after 10. */
const GRACE_MS = 5_000;

/**
 * The first signal pauses after the batch. A second one cancels the batch, as time does after SIGTERM and SIGHUP: there nobody waits to
 * send another. Whatever comes after that kills, which loses nothing either.
 */
export function stopSignals(note: (text: string) => void, atWork: () => boolean): StopSignals {
  const pause = new AbortController();
  const cancelBatch = new AbortController();
  let grace: NodeJS.Timeout | undefined;
  const cancel = (reason: string): void => {
    release();
    cancelBatch.abort(reason);
  };
  const interrupt = (): void => {
    if (pause.signal.aborted) return cancel('Ctrl-C');
    pause.abort('Ctrl-C');
    note(atWork() ? 'Pausing after this batch. Ctrl-C again cancels the batch.' : 'Stopping; nothing was begun.');
  };
  const terminate = (signal: NodeJS.Signals): void => {
    if (pause.signal.aborted) return cancel(signal);
    pause.abort(signal);
    grace = setTimeout(() => cancelBatch.abort(signal), GRACE_MS).unref();
    note(atWork() ? `${signal}: pausing after this batch.` : `${signal}: stopping; nothing was begun.`);
  };
  const release = (): void => {
    clearTimeout(grace);
    process.off('SIGINT', interrupt).off('SIGTERM', terminate).off('SIGHUP', terminate);
  };
  process.on('SIGINT', interrupt).on('SIGTERM', terminate).on('SIGHUP', terminate);
  return { pause: pause.signal, cancelBatch: cancelBatch.signal, release };
}
