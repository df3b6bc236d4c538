import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { runTiptoe } from '../support/cli.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

vi.setConfig({ testTimeout: 60_000 });

const directory = ownTemporaryDirectory();
const cwd = directory.path;
const read = (file: string): Promise<string> => readFile(join(cwd, file), 'utf8');

beforeEach(() => writeFile(join(cwd, '1.sql'), 'CREATE INDEX orders_total ON orders (total);\n'));

test('several formats at once, on standard output and in files', async () => {
  const formats = ['pretty', 'sarif=out.sarif', 'junit=out.xml', 'markdown=out.md'];
  const { code, stdout } = await runTiptoe(['lint', '1.sql', ...formats.flatMap((name) => ['--format', name])], {
    cwd,
  });
  expect(code).toBe(1);
  expect(stdout).toContain('✗ 1 error in 1 file');
  expect(JSON.parse(await read('out.sarif'))).toMatchObject({ version: '2.1.0' });
  expect(await read('out.xml')).toContain('<testsuites');
  expect(await read('out.md')).toContain('1 error in 1 file');
});

test('annotations may stand beside text on standard output', async () => {
  const { stdout } = await runTiptoe(['lint', '1.sql', '--format', 'compact', '--format', 'github'], { cwd });
  expect(stdout.split('\n').map((line) => line.split(' ')[0])).toEqual(['1.sql:1:1:', '::error', '']);
});

test('paths are those of the repository, wherever in it lint is run', async () => {
  await mkdir(join(cwd, 'repository/.git'), { recursive: true });
  await mkdir(join(cwd, 'repository/api'));
  await writeFile(join(cwd, 'repository/api/1.sql'), 'DROP TABLE a;');
  const { stdout } = await runTiptoe(['lint', '1.sql', '--format', 'github'], { cwd: join(cwd, 'repository/api') });
  expect(stdout).toContain(' file=api/1.sql,');
});

test('a job summary keeps what the step has written before', async () => {
  await writeFile(join(cwd, 'summary.md'), '# Before\n');
  const env = { GITHUB_STEP_SUMMARY: join(cwd, 'summary.md') };
  await runTiptoe(['lint', '1.sql', '--format', 'markdown=summary.md'], { cwd, env });
  expect(await read('summary.md')).toMatch(/^# Before\n[\s\S]*1 error in 1 file/);
});

test('a file that cannot be written is one line and exit code 2, and nothing else is lost', async () => {
  const formats = ['pretty', 'sarif=none/out.sarif', 'junit=1.sql/x.xml', 'gitlab=gl.json'];
  const { code, stdout, stderr } = await runTiptoe(
    ['lint', '1.sql', ...formats.flatMap((name) => ['--format', name])],
    { cwd },
  );
  expect(code).toBe(2);
  expect(stdout).toContain('✗ 1 error in 1 file');
  expect(JSON.parse(await read('gl.json'))).toHaveLength(1);
  expect(stderr).toMatch(
    /^tiptoe: cannot write none\/out\.sarif: there is no folder none; 1\.sql\/x\.xml: there is no folder 1\.sql\.\n {2}[^\n]+\n$/,
  );
});

test.each([
  [['xml'], /there is no format 'xml'/],
  [['sarfi'], /there is no format 'sarfi', did you mean 'sarif'\?/],
  [['sarif='], /--format sarif= names no file/],
  [['junit=1.sql'], /--format junit= takes the file to write, and 1\.sql is SQL/],
  [['constructor'], /there is no format 'constructor'/],
  [['json', 'sarif'], /json and sarif would both be written to standard output/],
  [['json=a', 'sarif=./a'], /json and sarif would both be written to \.\/a/],
])('--format %j is refused before anything is read', async (formats, says) => {
  const args = formats.flatMap((format) => ['--format', format]);
  const { code, stdout, stderr } = await runTiptoe(['lint', 'none.sql', ...args], { cwd });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(says);
  expect(stderr).toMatch(/^tiptoe: [^\n]+\n {2}[^\n]+\n$/);
});

test('no colours with NO_COLOR, also where they are forced', async () => {
  const coloured = await runTiptoe(['lint', '1.sql'], { cwd, env: { FORCE_COLOR: '1' } });
  expect(coloured.stdout).toContain('\u001B[');
  const plain = await runTiptoe(['lint', '1.sql'], { cwd, env: { FORCE_COLOR: '1', NO_COLOR: '1' } });
  expect(plain.stdout).not.toContain('\u001B[');
});
