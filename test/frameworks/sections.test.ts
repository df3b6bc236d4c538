import { expect, test } from 'vitest';
import { downSection, upSection } from '../../src/frameworks/sections.ts';

test.each([
  ['goose', '-- +goose Up\nCREATE TABLE a ();\n-- +goose Down\nDROP TABLE a;\n'],
  ['dbmate', '-- migrate:up\nCREATE TABLE a ();\n-- migrate:down\nDROP TABLE a;\n'],
  ['dbmate with options', '-- migrate:up transaction:false\nCREATE TABLE a ();\n-- migrate:down\nDROP TABLE a;\n'],
  ['sql-migrate', '-- +migrate Up\nCREATE TABLE a ();\n-- +migrate Down\nDROP TABLE a;\n'],
  ['node-pg-migrate', '-- Up Migration\nCREATE TABLE a ();\n-- Down Migration\nDROP TABLE a;\n'],
])('the down section of %s becomes blanks', (_, text) => {
  const up = upSection(text);
  expect(up).toContain('CREATE TABLE a ();');
  expect(up).not.toContain('DROP');
  expect(up).toHaveLength(text.length);
  expect(up.split('\n')).toHaveLength(text.split('\n').length);
});

test('down first, up after it', () => {
  expect(upSection('-- migrate:down\nDROP TABLE a;\r\n-- migrate:up\nSELECT 1;').trim()).toBe(
    '-- migrate:up\nSELECT 1;',
  );
});

test('a file without marks stays as it is', () => {
  expect(upSection('SELECT 1; -- down')).toBe('SELECT 1; -- down');
});

test.each([
  ['the words in a remark', '-- Up migration notes\nSELECT 1;\n-- Down migration is not possible\nDROP TABLE a;\n'],
  ['one way alone', '-- Down Migration\nDROP TABLE a;\n'],
])('%s begins no section', (_, text) => {
  expect(upSection(text)).toBe(text);
  expect(downSection(text)).toBeNull();
});

test('node-pg-migrate takes a line that goes on, and other tools take the words for nothing', () => {
  const text = '-- Up Migration: a\nSELECT 1;\n-- Down Migration: b\nDROP TABLE a;\n';
  expect(upSection(text, 'any')).not.toContain('DROP');
  const alone = text.replaceAll(/: .$/gm, '');
  expect(upSection(alone, 'none')).toBe(alone);
});
