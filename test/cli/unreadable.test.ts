import { readFileSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { whyUnreadable } from '../../src/cli/unreadable.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const directory = ownTemporaryDirectory();

beforeAll(async () => {
  await mkdir(join(directory.path, 'folder'));
  await writeFile(join(directory.path, 'file'), '');
  await symlink('loop', join(directory.path, 'loop'));
});

test.each([
  ['none', 'there is no such file or folder'],
  ['file/none', 'there is no such file or folder'],
  ['folder', 'it is a folder'],
  ['loop', 'it is a symbolic link to itself'],
])('%s: %s', (name, says) => {
  const read = (): string => {
    try {
      return readFileSync(join(directory.path, name), 'utf8');
    } catch (error) {
      return whyUnreadable(error);
    }
  };
  expect(read()).toBe(says);
});

test('codes that root never sees, and what is no error of a file', () => {
  expect(whyUnreadable(Object.assign(new Error('EACCES: open'), { code: 'EACCES' }))).toBe('permission denied');
  expect(whyUnreadable(Object.assign(new Error('EIO: read'), { code: 'EIO' }))).toBe('EIO');
  expect(whyUnreadable('odd')).toBe('odd');
});
