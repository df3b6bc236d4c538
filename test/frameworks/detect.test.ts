import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { detectTool } from '../../src/migrate/tool.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const directory = ownTemporaryDirectory();

/** The tool that is found and its folders, and what is said of it. */
async function detected(files: Readonly<Record<string, string>>): Promise<[string, ...string[]]> {
  const cwd = await mkdtemp(join(directory.path, 'detect-'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, path)), { recursive: true });
    await writeFile(join(cwd, path), content);
  }
  const told = new Set<string>();
  const tool = detectTool(cwd, [], 'auto', (line) => told.add(line));
  return [tool === null ? 'none' : `${tool.framework.name} in ${tool.site.dirs.join(', ')}`, ...told];
}

describe('a config of Drizzle', () => {
  const JOURNAL = '{"version":"7","dialect":"postgresql","entries":[{"idx":0,"tag":"0000_a"}]}';
  const inFolder = (dir: string) => ({ [`${dir}/0000_a.sql`]: 'SELECT 1;', [`${dir}/meta/_journal.json`]: JOURNAL });

  test.each([
    ['// dialect: "mysql"\nexport default { dialect: "postgresql", out: "./a/b" };', 'drizzle in a/b'],
    ['export default { /* dialect: "mysql", out: "x", */ dialect: "postgresql", out: "./a/b" };', 'drizzle in a/b'],
    [
      'export default { schema: "./src/**/*.ts", /* x */ dialect: "postgresql", out: "./a/b" }; // */',
      'drizzle in a/b',
    ],
    ['export default { dialect: "postgresql", out: process.env.OUT ?? "./a/b" };', 'drizzle in a/b'],
    ['export default { dialect: "postgresql", out: "./" + "a/b" };', 'drizzle in a/b'],
    ['export default { dialect: "postgresql", out: `${__dirname}/a/b` };', 'drizzle in a/b'],
    ['export default { dialect: "postgresql", out:\n    path.join(__dirname, "a/b"),\n};', 'drizzle in a/b'],
    ['const out = "./a/b";\nexport default { dialect: "postgresql", out };', 'drizzle in a/b'],
    ['export default { dialect: "mysql", out: "./a/b" };', 'none'],
  ])('is understood: %s', async (config, expected) => {
    expect(await detected({ 'drizzle.config.ts': config, ...inFolder('a/b') })).toEqual([expected]);
  });

  test('that computes the folder is said, and the journal in a usual place is found', async () => {
    const config = { 'drizzle.config.ts': 'export default { dialect: "postgresql", out: folderOf(env) };' };
    expect(await detected({ ...config, ...inFolder('src/db/migrations') })).toEqual(['drizzle in src/db/migrations']);
    expect(await detected({ ...config, ...inFolder('elsewhere') })).toEqual([
      'none',
      'drizzle.config.ts computes the folder of its migrations, and tells of none that is there: name the folder.',
    ]);
  });
});

describe('what might have told of a tool', () => {
  test('is said where it is broken', async () => {
    for (const broken of ['{ "dependencies": { ', '["node-pg-migrate"]'])
      expect(await detected({ 'package.json': broken, 'm/1_a.sql': 'SELECT 1;' })).toEqual([
        'none',
        'package.json holds no JSON object, and tells of no migration tool.',
      ]);
    expect(await detected({ 'package.json': '\uFEFF{}', 'm/1_a.sql': 'SELECT 1;' })).toEqual(['none']);
  });
});
