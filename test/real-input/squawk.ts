import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { squawk } from '../../bench/squawk.js';
import { SourceText } from '../../src/sql/source-text.ts';
import { type History, textOf } from './history.ts';

/**
 * The rules of squawk, https://squawkhq.com/docs/rules, that say a table is rewritten, read from end to end or indexed while its traffic
 * waits; its advice of other kinds (timeouts, types, renames) is not about that.
 */
const BLOCKING: ReadonlySet<string> = new Set([
  'adding-field-with-default',
  'adding-foreign-key-constraint',
  'adding-not-nullable-field',
  'adding-serial-primary-key-field',
  'changing-column-type',
  'constraint-missing-not-valid',
  'disallowed-unique-constraint',
  'require-concurrent-index-creation',
  'require-concurrent-reindex',
]);

interface Violation {
  readonly file: string;
  /** From 0; the column in bytes. */
  readonly line: number;
  readonly column: number;
  readonly rule_name: string;
}

/** Where squawk says `blocking` in a history: offsets, by the path of the file. */
export async function flaggedBySquawk(history: History): Promise<ReadonlyMap<string, readonly number[]>> {
  const folder = await mkdtemp(join(tmpdir(), 'tiptoe-squawk-'));
  try {
    const paths = new Map<string, SourceText>();
    for (const [at, file] of history.files.entries()) {
      const path = join(folder, `${at}.sql`);
      await writeFile(path, textOf(file));
      paths.set(path, new SourceText(file.path, textOf(file)));
    }
    const { stdout } = spawnSync(
      squawk().binary,
      ['--assume-in-transaction', '--pg-version', '18.0', '--reporter', 'json', ...paths.keys()],
      {
        encoding: 'utf8',
        maxBuffer: 1e9,
      },
    );
    const flagged = new Map<string, number[]>();
    for (const { file, line, column, rule_name: rule } of JSON.parse(stdout) as Violation[]) {
      const source = paths.get(file);
      if (source === undefined || !BLOCKING.has(rule)) continue;
      const offsets = flagged.get(source.path) ?? [];
      flagged.set(source.path, [...offsets, offsetOf(source.text, line, column)]);
    }
    return flagged;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function offsetOf(text: string, line: number, column: number): number {
  const lines = text.split('\n');
  const before = lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0);
  return (
    before +
    Buffer.from(lines[line] ?? '')
      .subarray(0, column)
      .toString().length
  );
}
