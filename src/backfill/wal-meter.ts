import type { Link } from './link.ts';

/** The first version that counts what each backend writes. */
const COUNTED_BY_BACKEND = 18;

/**
 * Runs `work` and measures in bytes the WAL that was written by it. Before 18 what everyone else wrote meanwhile counts as well, so that
 * a limit is kept rather than used up.
 */
export async function measuringWal<T>(link: Link, work: () => Promise<T>): Promise<{ result: T; wal: number }> {
  const before = await written(link);
  const result = await work();
  return { result, wal: Number((await written(link)) - before) };
}

/** So far, from any beginning. */
async function written({ main, version }: Link): Promise<bigint> {
  if (version >= COUNTED_BY_BACKEND) {
    // The counters are brought up to date when a statement is over, but at most once a second unless it is asked for.
    await main.query('SELECT pg_catalog.pg_stat_force_next_flush()');
    const [row] = await main.query<{ bytes: string | null }>(
      'SELECT trunc(wal_bytes)::pg_catalog.text AS bytes FROM pg_catalog.pg_stat_get_backend_wal(pg_catalog.pg_backend_pid())',
    );
    if (typeof row?.bytes === 'string') return BigInt(row.bytes);
  }
  const [row] = await main.query<{ bytes: string }>(
    `SELECT (pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_catalog.pg_lsn)::pg_catalog.text AS bytes`,
  );
  return BigInt(row?.bytes ?? 0);
}
