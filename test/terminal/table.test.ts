import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { table } from '../../src/terminal/table.ts';

const columns = [
  { head: 'phase', align: 'left' },
  { head: 'slowest', align: 'right' },
] as const;

test('plain columns where there is no terminal', () => {
  const rows = [
    ['calm', '9 ms'],
    ['the usual way', '4.6 s'],
  ];
  expect(table(columns, rows, { ruled: false, indent: '  ' })).toBe(
    ['  phase          slowest', '  calm              9 ms', '  the usual way    4.6 s'].join('\n'),
  );
});

test('rules in a terminal; colours do not move a column', () => {
  const rows = [['calm', '\u001B[32m9 ms\u001B[39m']];
  const drawn = table(columns, rows, { ruled: true });
  expect(drawn).toContain('\u001B[32m9 ms');
  expect(stripVTControlCharacters(drawn).split('\n')).toEqual([
    '──────────────',
    'phase  slowest',
    'calm      9 ms',
    '──────────────',
  ]);
});
