import type { RunContext } from './context.ts';
import type { MigrationFile } from './discovery.ts';
import { recordUnconfirmed } from './ledger.ts';

/** A COMMIT stands although nobody confirmed it: says so, also in the ledger. */
export async function tellUnconfirmed({ control, ledger, emit }: RunContext, file: MigrationFile): Promise<void> {
  emit({ event: 'unconfirmed', path: file.path });
  // It stands whether or not this can be noted.
  await recordUnconfirmed(control, ledger, file).catch(() => undefined);
}
