import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runTiptoe } from '../support/cli.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const directory = ownTemporaryDirectory();
const FILES = 50_000;

test('a folder of 50,000 migrations is one history', { timeout: 240_000 }, async () => {
  const folder = join(directory.path, 'migrations');
  mkdirSync(folder);
  const write = (at: number, text: string) => writeFileSync(join(folder, `${String(at).padStart(6, '0')}_t.sql`), text);
  for (let at = 1; at < FILES; at += 1) write(at, `CREATE TABLE t${at} (id bigint PRIMARY KEY, total int);\n`);
  write(FILES, 'CREATE INDEX t1_total ON t1 (total);\n');
  const { code, stdout, stderr } = await runTiptoe(['lint'], { cwd: directory.path });
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  expect(stdout).toContain('migrations/050000_t.sql:1:1  error  create-index-blocking');
  expect(stdout.trim().split('\n').at(-1)).toBe('✗ 1 error in 50000 files');
});
