import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resolveConnection } from '../../src/db/connection.ts';
import { findPassword, passwordFor } from '../../src/db/passfile.ts';

const settings = resolveConnection({ databaseUrl: 'postgres://app@db:5433/shop', env: {} });

test.each([
  ['db:5433:shop:app:s3cret', 's3cret'],
  ['*:*:*:*:s3cret', 's3cret'],
  ['other:*:*:*:one\ndb:*:*:*:two\n*:*:*:*:three', 'two'],
  ['# db:5433:shop:app:no\r\ndb:5433:shop:app:yes\r\n', 'yes'],
  [String.raw`db:5433:shop:app:with\:colon\\and backslash`, String.raw`with:colon\and backslash`],
  ['db:5433:shop:app', undefined],
  ['db:5432:shop:app:s3cret', undefined],
  ['', undefined],
])('%j', (text, password) => {
  expect(findPassword(text, settings)).toBe(password);
});

test('a file that others may read is not used', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tiptoe-passfile-'));
  try {
    const passwordFile = join(directory, 'pgpass');
    await writeFile(passwordFile, '*:*:*:*:s3cret\n', { mode: 0o600 });
    expect(await passwordFor({ ...settings, passwordFile })).toBe('s3cret');
    expect(await passwordFor({ ...settings, passwordFile, password: 'given' })).toBe('given');
    await chmod(passwordFile, 0o644);
    await expect(passwordFor({ ...settings, passwordFile })).rejects.toThrow(
      `The password file ${passwordFile} may be read by others, so it is not used.`,
    );
    expect(await passwordFor({ ...settings, passwordFile: join(directory, 'none') })).toBe('');
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('the default socket goes by the name localhost, other ones by their folder', () => {
  const text = 'localhost:*:*:*:one\n/srv/pg:*:*:*:two';
  expect(findPassword(text, { ...settings, host: '/var/run/postgresql' })).toBe('one');
  expect(findPassword(text, { ...settings, host: '/srv/pg' })).toBe('two');
});
