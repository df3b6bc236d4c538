import { expect, test } from 'vitest';
import type { MigrationFile } from '../../src/migrate/discovery.ts';
import { readFileName } from '../../src/frameworks/name.ts';
import { isOpen, plan } from '../../src/migrate/plan.ts';
import { ledgerRow } from './ledger-row.ts';

const file = (path: string): MigrationFile => ({ path, ...readFileName(path, ''), text: path });

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
    ledgerRow('1_applied', 'done'),
    ledgerRow('2_edited', 'done', 'something else'),
    ledgerRow('4_missing', 'done'),
    ledgerRow('5_half', 'half-done'),
    ledgerRow('6_failed', 'failed'),
    ledgerRow('8_running', 'running'),
    ledgerRow('9_never', 'failed'),
    ledgerRow('10_gone', 'half-done'),
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
