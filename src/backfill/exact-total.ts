import { sqlstate } from '../db/errors.ts';
import { withTransaction } from '../db/transaction.ts';
import { qualify } from '../postgres/quote.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import { type Lease, underLease } from '../safety/lease.ts';
import type { Link } from './link.ts';
import type { Store, Stored } from './store.ts';
import type { Target } from './target.ts';

/** Counts the keys of the table, which reads it once, and writes the total down. As it was where `stop` ends the count. */
export async function withExactTotal(
  { main, control }: Link,
  { store, lease, target, stop }: { store: Store; lease: Lease; target: Target; stop: AbortSignal },
  begun: Stored,
): Promise<Stored> {
  // A later pass walks a part of the table, which nobody has counted.
  if (begun.progress.rowsTotalExact || begun.progress.pass > 1) return begun;
  const from = `${target.only ? 'ONLY ' : ''}${qualify(target.table.schema, target.table.name)}`;
  const cancel = (): void => {
    control.query('SELECT pg_catalog.pg_cancel_backend($1)', [main.pid]).catch(() => undefined);
  };
  stop.addEventListener('abort', cancel);
  try {
    const rows = await withTransaction(main, async () => {
      await main.exec('SET LOCAL statement_timeout = 0');
      const [row] = await main.query<{ rows: string }>(`SELECT pg_catalog.count(*) AS rows FROM ${from}`);
      return Number(row?.rows ?? 0);
    });
    const rowsTotal = { rows, exact: true };
    await underLease(main, lease, async () => {
      await store.write(main, begun.name, { rowsTotal });
    });
    return (await store.load(main, begun.name)) ?? begun;
  } catch (error) {
    if (stop.aborted && sqlstate(error) === SQLSTATE.query_canceled) return begun;
    throw error;
  } finally {
    stop.removeEventListener('abort', cancel);
  }
}
