import { expect, test } from 'vitest';
import { inMigrationOrder, readFileName } from '../../src/frameworks/name.ts';

test.each([
  ['001_add_email.sql', '', '001_add_email', '1', 'migration'],
  ['V1__init.sql', '', 'V1__init', '1', 'migration'],
  ['V1.2__init.sql', '', 'V1.2__init', '1.2', 'migration'],
  ['U2__init.sql', '', 'U2__init', '2', 'down'],
  ['20260101120000_x.up.sql', '', '20260101120000_x', '20260101120000', 'migration'],
  ['20260101120000_x.down.sql', '', '20260101120000_x', '20260101120000', 'down'],
  ['up.sql', '2026-01-31-120000_create_users', '2026-01-31-120000_create_users', '20260131120000', 'migration'],
  [
    'up.sql',
    '2026-01-31-120000-0000_create_users',
    '2026-01-31-120000-0000_create_users',
    '20260131120000.0',
    'migration',
  ],
  ['down.sql', '2026-01-31-120000_create_users', '2026-01-31-120000_create_users', '20260131120000', 'down'],
  ['migration.sql', '20260101_init', '20260101_init', '20260101', 'migration'],
  ['007_email.backfill.sql', '', '007_email', '7', 'backfill'],
  ['2-email.sql', '', '2-email', '2', 'migration'],
  ['schema.sql', '', 'schema', null, 'migration'],
])('%s in %s is %s', (file, folder, name, version, kind) => {
  expect(readFileName(file, folder)).toEqual({ name, version, kind });
});

test('versions are numbers of any length, then comes the name, and files without a version are last', () => {
  const files = [
    'schema.sql',
    '10_b.sql',
    '9_a.sql',
    '010_a.sql',
    '20260101120000123456_y.sql',
    '20260101120000123455_z.sql',
    'V9.1__x.sql',
  ];
  const sorted = files.map((file) => readFileName(file, '')).sort(inMigrationOrder);
  expect(sorted.map(({ name }) => name)).toEqual([
    '9_a',
    'V9.1__x',
    '010_a',
    '10_b',
    '20260101120000123455_z',
    '20260101120000123456_y',
    'schema',
  ]);
});
