const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Interruption {
  /** Aborted by the first Ctrl-C, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal;
  /** What to do when a second signal ends the process at once. */
  beforeLeaving(say: () => void): void;
  /** Gives the signals back to Node. */
  release(): void;
}

/** The first signal asks to stop cleanly, the second one leaves at once; what becomes of the work the next run finds out. */
export function interruption(): Interruption {
  let leave = () => {};
  const controller = new AbortController();
  const onSignal = () => {
    if (!controller.signal.aborted) {
      controller.abort();
      return;
    }
    process.stderr.write('tiptoe: left at once; run again, it looks what became of the work.\n');
    leave();
    process.exit(3);
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    beforeLeaving(say) {
      leave = say;
    },
    release() {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}
