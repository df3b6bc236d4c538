import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { runTiptoe } from '../support/cli.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const directory = ownTemporaryDirectory();

interface Report {
  readonly files: ReadonlyArray<{
    readonly path: string;
    readonly placeholders?: readonly string[];
    readonly findings: ReadonlyArray<{
      readonly rule: string;
      readonly line: number;
      readonly column: number;
      readonly message: string;
    }>;
  }>;
}

let made = 0;

/** A project of its own; a text of `-> PATH` is a symbolic link. */
async function project(files: Readonly<Record<string, string>>): Promise<string> {
  made += 1;
  const cwd = join(directory.path, `project-${made}`);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, path)), { recursive: true });
    if (text.startsWith('-> ')) await symlink(text.slice(3), join(cwd, path));
    else await writeFile(join(cwd, path), text);
  }
  return cwd;
}

async function lint(files: Readonly<Record<string, string>>, ...args: string[]): Promise<string[]> {
  const { stdout, stderr } = await runTiptoe(['lint', '--format', 'json', ...args], { cwd: await project(files) });
  expect(stderr).toBe('');
  return (JSON.parse(stdout) as Report).files.flatMap(({ path, findings }) =>
    findings.length === 0
      ? [path]
      : findings.map(
          ({ rule, line, column, message }) =>
            `${path}:${line}:${column} ${rule}${rule === 'not-understood' ? `: ${message}` : ''}`,
        ),
  );
}

const INDEX = 'CREATE INDEX ON orders (total);\n';

test('what \\i and \\ir name is read in its place, once, and reported with its own path', async () => {
  const files = {
    'migrations/001_a.sql':
      'CREATE TABLE mine (id bigint PRIMARY KEY, total int);\n\\ir parts/b.sql\nCREATE INDEX ON made (x);\n',
    'migrations/parts/b.sql': `-- é\r\n\\set col x\r\n\\i parts/c.sql\r\nCREATE TABLE made (id bigint PRIMARY KEY, x int); ${INDEX}`,
    'migrations/parts/c.sql': `\uFEFFCREATE INDEX ON mine (total);\n  ${INDEX}`,
  };
  expect(await lint(files)).toEqual([
    'migrations/001_a.sql',
    'migrations/parts/b.sql:4:51 create-index-blocking',
    'migrations/parts/c.sql:2:3 create-index-blocking',
  ]);
  const { stdout } = await runTiptoe(['explain', '--format', 'json'], { cwd: await project(files) });
  const [file] = (JSON.parse(stdout) as { files: Array<{ statements: Array<{ path?: string; line: number }> }> }).files;
  expect(file?.statements.map(({ path, line }) => `${path ?? ''}:${line}`)).toEqual([
    ':1',
    'migrations/parts/c.sql:1',
    'migrations/parts/c.sql:2',
    'migrations/parts/b.sql:4',
    'migrations/parts/b.sql:4',
    ':3',
  ]);
  const pretty = await runTiptoe(['explain'], { cwd: await project(files) });
  expect(pretty.stdout).toContain('migrations/parts/c.sql:2  CREATE INDEX ON orders (total)');
});

test('comments in a file that is run accept what is found there', async () => {
  const accepted = '-- tiptoe-disable-next-statement create-index-blocking: small\n';
  const file = '-- tiptoe-disable-file create-index-blocking: small\n';
  expect(
    await lint({
      'migrations/001_a.sql': `\\ir parts/b.sql\n\\ir parts/c.sql\n${INDEX}`,
      'migrations/parts/b.sql': `${accepted}${INDEX}${INDEX}`,
      'migrations/parts/c.sql': `${file}${INDEX}${INDEX}`,
    }),
  ).toEqual([
    'migrations/001_a.sql:3:1 create-index-blocking',
    'migrations/parts/b.sql:3:1 create-index-blocking',
    'migrations/parts/c.sql',
  ]);
});

test('comments hold for their own file, whatever is run before and after', async () => {
  const next = '-- tiptoe-disable-next-statement create-index-blocking: small\n';
  const block = '-- tiptoe-disable create-index-blocking: small\n';
  expect(
    await lint({
      'migrations/001_a.sql': `\\ir parts/b.sql\n\\ir parts/c.sql\n${INDEX}${next}`,
      'migrations/parts/b.sql': `${INDEX}${block}${INDEX}`,
      'migrations/parts/c.sql': `${INDEX}-- tiptoe-enable\n${next}`,
    }),
  ).toEqual([
    'migrations/001_a.sql:3:1 create-index-blocking',
    'migrations/001_a.sql:4:1 unused-suppression',
    'migrations/parts/b.sql:1:1 create-index-blocking',
    'migrations/parts/c.sql:1:1 create-index-blocking',
    'migrations/parts/c.sql:3:1 unused-suppression',
  ]);
});

test('a directive belongs to the next statement of its own file', async () => {
  const table = (name: string) => `CREATE TABLE ${name} (id bigint PRIMARY KEY, at timestamptz, kind text);\n`;
  const config = { newTables: { maxWritesPerSecond: 5 } };
  expect(
    await lint({
      'migrations/001_a.sql': `\\ir parts/b.sql\n-- tiptoe:writes 40/s: one for each click\n${table('clicks')}`,
      'migrations/parts/b.sql': `${table('quiet')}${table('calm')}`,
      'tiptoe.config.json': JSON.stringify(config),
    }),
  ).toEqual(['migrations/001_a.sql:3:1 write-heavy-table', 'migrations/parts/b.sql']);
});

test.each([
  ['../secret.sql', '../secret.sql is not below the folder of the migrations and is not read'],
  ['/etc/hostname', '/etc/hostname is not below the folder of the migrations and is not read'],
  ['link.sql', 'link.sql is not below the folder of the migrations and is not read'],
  ['outside/secret.sql', 'outside/secret.sql is not below the folder of the migrations and is not read'],
  ['none.sql', 'there is no file none.sql to include'],
  ['folder', 'folder is no file'],
  ['latin1.txt', 'migrations/latin1.txt'],
  ['`ls`', 'which file it names is known only when the script runs'],
  ['001_a.sql', 'migrations/001_a.sql includes itself'],
])('\\ir %s is not read, and that is said', async (name, reason) => {
  const cwd = await project({
    'migrations/001_a.sql': `SELECT 1;\n\\ir ${name}\nSELECT 2;\n`,
    'migrations/folder/x.txt': '',
    'secret.sql': INDEX,
    'other/secret.sql': INDEX,
    'migrations/link.sql': '-> ../secret.sql',
    'migrations/outside': '-> ../other',
  });
  await writeFile(join(cwd, 'migrations/latin1.txt'), Buffer.from([0x53, 0xe9, 0x20]));
  const { stdout, stderr, code } = await runTiptoe(['lint', 'migrations/001_a.sql', '--format', 'json'], { cwd });
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  const { files } = JSON.parse(stdout) as Report;
  expect(files).toMatchObject([{ findings: [{ rule: 'not-understood', line: 2, column: 1 }] }]);
  expect(files[0]?.findings[0]?.message).toContain(reason);
});

test('files that run each other end', async () => {
  const found = await lint({
    'migrations/001_a.sql': '\\ir 002_b.sql\n\\ir 002_b.sql\n',
    'migrations/002_b.sql': `\\ir 001_a.sql\n${INDEX}`,
  });
  expect(found[0]).toBe('migrations/001_a.sql');
  expect(found.filter((line) => line.includes('create-index-blocking'))).toHaveLength(2);
});

test('values come from --var and the config, and what has none is told', async () => {
  const files = {
    'migrations/001_a.sql': 'CREATE INDEX ON {{ .Schema }}.orders (total);\nCREATE INDEX ON ${other:name}.a (b);\n',
    'tiptoe.config.json': JSON.stringify({ variables: { Schema: 'app', 'other:name': 'x' } }),
  };
  const cwd = await project(files);
  const both = await runTiptoe(['lint', '--format', 'json', '--var', 'other:name=y'], { cwd });
  expect(both.stdout).toContain('"relation":"app.orders"');
  expect(both.stdout).toContain('"relation":"y.a"');
  expect(both.stdout).not.toContain('placeholders');
  await writeFile(join(cwd, 'tiptoe.config.json'), '{}');
  const neither = await runTiptoe(['lint', '--format', 'json'], { cwd });
  expect((JSON.parse(neither.stdout) as Report).files[0]?.placeholders).toEqual(['{{ .Schema }}', '${other:name}']);
  const pretty = await runTiptoe(['lint'], { cwd });
  expect(pretty.stdout).toContain('read without a value for {{ .Schema }}, ${other:name}; --var NAME=VALUE gives one');
  await writeFile(join(cwd, 'tiptoe.config.json'), '{ "variables": { "a": 1 } }');
  expect((await runTiptoe(['lint'], { cwd })).stderr).toContain('variables.a');
});
