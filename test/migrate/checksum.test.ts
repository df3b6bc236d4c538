import { expect, test } from 'vitest';
import { checksum } from '../../src/migrate/checksum.ts';

test('line ends and a byte order mark do not count, anything else does', () => {
  expect(checksum('\uFEFFSELECT 1;\r\nSELECT 2;\r')).toBe(checksum('SELECT 1;\nSELECT 2;\n'));
  expect(checksum('SELECT 1;')).not.toBe(checksum('SELECT 1; '));
});
