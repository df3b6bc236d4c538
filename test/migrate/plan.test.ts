import { expect, test } from 'vitest';
import type { MigrationFile } from '../../src/migrate/discovery.ts';
import type { LedgerRow } from '../../src/migrate/ledger.ts';
import { readFileName } from '../../src/migrate/name.ts';
import { isOpen, plan } from '../../src/migrate/plan.ts';

const file = (path: string): MigrationFile => ({ path, ...readFileName(path, ''), text: path });

const row = (name: string, state: LedgerRow['state'], checksum = `${name}.sql`): LedgerRow => ({
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
  error: null,
});

test('each file and each row stands somewhere', () => {
  const files = [
    '1_applied.sql',
    '2_edited.sql',
    '3_late.sql',
    '5_half.sql',
    '6_failed.sql',
    '7_new.sql',
    '8_running.sql',
  ].map(file);
  const rows = [
    row('1_applied', 'done'),
    row('2_edited', 'done', 'something else'),
    row('4_missing', 'done'),
    row('5_half', 'half-done'),
    row('6_failed', 'failed'),
    row('8_running', 'running'),
    row('9_never', 'failed'),
    row('10_gone', 'half-done'),
  ];
  const entries = plan(files, rows, ({ text }) => text);
  expect(entries.map((entry) => [entry.name, entry.standing, isOpen(entry), entry.outOfOrder])).toEqual([
    ['1_applied', 'applied', false, false],
    ['2_edited', 'edited', false, false],
    ['3_late', 'pending', true, true],
    ['4_missing', 'missing', false, false],
    ['5_half', 'half-done', true, false],
    ['6_failed', 'failed', true, false],
    ['7_new', 'pending', true, false],
    ['8_running', 'running', true, false],
    ['10_gone', 'half-done', false, false],
  ]);
});
