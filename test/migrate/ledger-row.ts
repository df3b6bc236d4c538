import type { LedgerRow } from '../../src/migrate/ledger.ts';
import { readFileName } from '../../src/frameworks/name.ts';

/** A row as the ledger might have it. */
export function ledgerRow(name: string, state: LedgerRow['state'], checksum = `${name}.sql`): LedgerRow {
  return {
    name,
    path: `${name}.sql`,
    version: readFileName(name, '').version,
    kind: 'migration',
    checksum,
    state,
    startedAt: '2026-01-01T00:00:00Z',
    finishedAt: null,
    runBy: 'ann',
    runFrom: 'ann@laptop pid 1',
    toolVersion: '1.0.0',
    unconfirmed: false,
    capMs: null,
    capReason: null,
    error: null,
  };
}
