import type { End } from './end.ts';
import type { Entry } from './entry.ts';
import type { BackfillEvent } from './event.ts';
import type { Order, Steering } from './steering.ts';
import type { Stored } from './store.ts';

type Held = Extract<Order, { readonly kind: 'wait' }>;
type Go = Extract<Order, { readonly kind: 'go' | 'slow' }>;

/** Asked for before each batch. */
export interface Permission {
  /** Waits until the order is to go, fast or slow; gives the end when it is to stop. */
  ask(steering: Steering): Promise<End | Go>;
  throttledBy(): string | null;
  /** What the books say was read again. */
  reloaded(stored: Stored): void;
}

const HOLD_MS = 1_000;
const TELL_EVERY_MS = 5_000;

export function startPermission(entry: Entry, emit: (event: BackfillEvent) => void): Permission {
  let throttledBy: string | null = null;
  let heldBy: string | null = null;
  let toldAt = 0;

  const throttle = async ({ signal, reason }: Held): Promise<void> => {
    if (throttledBy === reason) return;
    // Reasons have figures in them: another one is news, but not for the books every time.
    const same = throttledBy !== null && heldBy === signal;
    if (!same) entry.waits.begin(signal);
    if (same && performance.now() - toldAt < TELL_EVERY_MS) return;
    await entry.step('throttle', { throttledBy: reason });
    throttledBy = reason;
    heldBy = signal;
    toldAt = performance.now();
    emit({ event: 'throttled', reason });
  };
  const hold = async ({ signal, reason }: Held, steering: Steering): Promise<void> => {
    const since = performance.now();
    await steering.change(HOLD_MS);
    entry.waits.lose(signal, performance.now() - since, reason);
    if (entry.waits.due()) await entry.write({});
  };
  const unthrottle = async (): Promise<void> => {
    await entry.step('go', { throttledBy: null });
    throttledBy = null;
    emit({ event: 'unthrottled' });
  };

  return {
    async ask(steering) {
      for (;;) {
        const order = steering.order();
        switch (order.kind) {
          case 'broken':
            throw order.error;
          case 'pause':
            return { outcome: 'paused', reason: order.reason, remaining: null };
          case 'cancel':
            return { outcome: 'cancelled', reason: order.reason, remaining: null };
          case 'wait':
            await throttle(order);
            await hold(order, steering);
            break;
          case 'go':
          case 'slow':
            if (throttledBy !== null) await unthrottle();
            return order;
        }
      }
    },
    throttledBy: () => throttledBy,
    reloaded(stored) {
      throttledBy = stored.throttledBy;
    },
  };
}
