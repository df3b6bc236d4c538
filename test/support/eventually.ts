import { vi } from 'vitest';

/** Waits until the assertions of `work` hold; a loaded machine may take its time. */
export function eventually<T>(work: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(work, { timeout: 30_000 });
}
