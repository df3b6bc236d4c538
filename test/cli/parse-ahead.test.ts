import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { rules } from '../../rules/index.ts';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { lint } from '../../src/lint/engine.ts';
import { lintJson } from '../../src/report/lint-json.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';
import { SHAPES } from '../effects/shapes/list.ts';
import { runTiptoe } from '../support/cli.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const directory = ownTemporaryDirectory();

beforeAll(loadParser);

test('what is read of a script goes through JSON unchanged', () => {
  const sql = `${SHAPES.map((shape) => shape.sql).join(';\n')};\n-- tiptoe:writes 1/s: few\nSELECT FROM WHERE; SELECT 1`;
  const broken = parseScript('broken.sql', sql);
  const whole = SHAPES.map((shape) => parseScript('shape.sql', shape.sql));
  const filled = parseScript(
    'filled.sql',
    '\\! ls\nALTER TABLE {{ .Schema }}.a {{ action }}; DROP TABLE ${x}.b {{ how }};',
  );
  for (const { source: _, ...read } of [broken, filled, ...whole]) {
    expect(JSON.parse(JSON.stringify(read))).toStrictEqual(read);
  }
});

test('files that are parsed on two threads are one history, as on one', async () => {
  const filler = `-- ${'é'.repeat(96)}\n`.repeat(60);
  const texts = Array.from(
    { length: 200 },
    (_, at) =>
      `${filler}CREATE TABLE t${at} (id bigint PRIMARY KEY, total int);\n` +
      (at % 7 === 0 ? 'CREATE TABL oops;\n' : '') +
      (at % 5 === 0 ? '-- tiptoe-disable-next-statement int-primary-key: never\n' : '') +
      (at === 0 ? '' : `CREATE INDEX ON t${at - 1} (total);\nALTER TABLE t${Math.floor(at / 2)} DROP COLUMN total;\n`),
  );
  await mkdir(join(directory.path, 'migrations'));
  const paths = texts.map((_, at) => `migrations/${String(at).padStart(4, '0')}_t.sql`);
  await Promise.all(paths.map((path, at) => writeFile(join(directory.path, path), texts[at] ?? '')));

  const { stdout, stderr, code } = await runTiptoe(['lint', '--format', 'json'], { cwd: directory.path });

  const scripts = paths.map((path, at) => parseScript(path, texts[at] ?? ''));
  const files = lint(scripts, emptyCatalog(), { rules, severities: {}, version: 18 });
  expect({ stderr, code }).toEqual({ stderr: '', code: 1 });
  expect(JSON.parse(stdout)).toEqual(JSON.parse(lintJson(files, 18)));
}, 30_000);
