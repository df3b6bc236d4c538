import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runTiptoe, type TiptoeResult } from '../support/cli.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const directory = ownTemporaryDirectory();

const RULE = `
import { defineRule } from 'tiptoe';
const kind: string = 'an index';
export default defineRule({
  name: 'no-orders',
  category: 'policy',
  severity: 'warning',
  docs: { what: 'An index on orders.', why: 'It is too big.', instead: 'Ask first.' },
  on: ['create-index'],
  check: () => ({ relations: [], message: kind, why: 'Size.', instead: 'Ask first.' }),
});
`;
const THROWS = RULE.replace('relations: [], message: kind', 'relations: [], message: kind.none.none').replace(
  'no-orders',
  'no-luck',
);

/** A folder with these files and a migration, and tiptoe run there. */
async function project(
  files: Readonly<Record<string, string>>,
): Promise<(args: readonly string[], env?: Record<string, string>) => Promise<TiptoeResult>> {
  const cwd = await mkdtemp(join(directory.path, 'project-'));
  const all = { '1.sql': 'CREATE INDEX CONCURRENTLY orders_total ON orders (total);\n', ...files };
  for (const [name, text] of Object.entries(all)) await writeFile(join(cwd, name), text);
  return (args, env = {}) => runTiptoe(args, { cwd, env });
}

describe('a rule of one’s own', () => {
  test('stands among those of tiptoe: findings, severities, suppressions, SARIF, tiptoe rules', async () => {
    const config = { rules: ['./no-orders.ts', { 'no-orders': 'error' }] };
    const tiptoe = await project({
      'no-orders.ts': RULE,
      'tiptoe.config.json': JSON.stringify(config),
      '2.sql': '-- tiptoe-disable-next-statement no-orders: we asked\nCREATE INDEX CONCURRENTLY ON orders (day);\n',
    });
    const { code, stdout } = await tiptoe(['lint', '--format', 'compact', '--format', 'sarif=out.sarif', '.']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '1.sql:1:1: error: an index [no-orders]\n' });
    const list = await tiptoe(['rules', '--format', 'json']);
    expect(JSON.parse(list.stdout)).toContainEqual(
      expect.objectContaining({ name: 'no-orders', file: 'no-orders.ts' }),
    );
    const page = await tiptoe(['rules', 'no-orders']);
    expect(page.stdout).toBe(
      'no-orders  policy, warning\n\nAn index on orders.\n\nWhy      It is too big.\nInstead  Ask first.\n\n',
    );
  }, 30_000);

  test.each(['process.exit(0);', 'await new Promise(() => {});'])(
    'or a config that never loads is told: %s',
    async (code) => {
      const tiptoe = await project({ 'tiptoe.config.ts': `${code}\nexport default {};\n` });
      expect(await tiptoe(['lint', '1.sql'])).toMatchObject({
        code: 2,
        stdout: '',
        stderr: 'tiptoe: tiptoe.config.ts ended before it was loaded.\n  Take out what waits forever or exits.\n',
      });
    },
  );

  test('that throws ends the run with one line, with its trace for who asks', async () => {
    const tiptoe = await project({ 'no-luck.ts': THROWS, 'tiptoe.config.json': '{ "rules": ["./no-luck.ts"] }' });
    const { code, stdout, stderr } = await tiptoe(['lint', '--format', 'compact', '1.sql']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe(
      "tiptoe: the rule no-luck (no-luck.ts) failed at 1.sql:1: TypeError: Cannot read properties of undefined (reading 'none').\n" +
        '  Correct the rule, or turn it off in the config.\n',
    );
    expect((await tiptoe(['--verbose', 'lint', '1.sql'])).stderr).toMatch(/Cause: TypeError.*\n.*no-luck\.ts/);
  });

  test('that is none is told with all that is wrong, beside the rest of the config', async () => {
    const tiptoe = await project({
      'bad.ts':
        "export default { name: 'drop-table', category: 'policy', severity: 'loud', on: ['trunkate'], check() {} };",
      'broken.ts': 'export default {',
      'tiptoe.config.yaml':
        'rules:\n  - ./bad.ts\n  - ./broken.ts\n  - ./none.ts\n  - no-orders: error\npgVersion: 12\n',
    });
    const { code, stderr } = await tiptoe(['lint', '1.sql']);
    expect(code).toBe(2);
    expect(stderr).toContain('tiptoe.config.yaml has 10 errors.\n');
    for (const line of [
      "  tiptoe.config.yaml:2: ./bad.ts: there is a rule 'drop-table' already",
      '  tiptoe.config.yaml:2: ./bad.ts: severity must be error, warning, off',
      '  tiptoe.config.yaml:2: ./bad.ts: docs.what must be text',
      "  tiptoe.config.yaml:2: ./bad.ts: on: there is no kind of statement 'trunkate'",
      '  tiptoe.config.yaml:3: ./broken.ts: broken.ts cannot be loaded: ',
      '  tiptoe.config.yaml:4: ./none.ts: there is no file none.ts',
      "  tiptoe.config.yaml:5: there is no rule 'no-orders'",
      '  tiptoe.config.yaml:6: pgVersion: must be a whole number from 13 to 18',
    ])
      expect(stderr).toContain(line);
  });
});

test.each([
  ['a getter that throws', "{ get pgVersion() { throw new Error('no luck'); } }", 'no luck'],
  ['one further down', '{ newTables: { get policy() { throw null; } } }', 'null'],
  ['a proxy', "{ rules: [new Proxy({}, { ownKeys() { throw new Error('no luck'); } })] }", 'no luck'],
  [
    'what holds itself',
    'Object.defineProperty({}, "live", { enumerable: true, get() { return a; } })',
    'it holds itself',
  ],
  ['nothing', 'null', 'its default export, or one that it imports, is null'],
])('a config in TypeScript with %s is one line', async (_, config, says) => {
  const tiptoe = await project({ 'tiptoe.config.ts': `const a: any = {};\na.a = a;\nexport default ${config};\n` });
  expect(await tiptoe(['lint', '1.sql'])).toEqual({
    code: 2,
    stdout: '',
    stderr: `tiptoe: tiptoe.config.ts cannot be loaded: ${says}.\n  Correct it; --verbose shows where it was thrown.\n`,
  });
});

test('a getter of a config is asked once', async () => {
  const config = 'let asked = 0;\nexport default { get pgVersion() { return asked++ === 0 ? 15 : 99; } };\n';
  const tiptoe = await project({ 'tiptoe.config.ts': config });
  const { stdout } = await tiptoe(['lint', '--format', 'json', '1.sql']);
  expect(JSON.parse(stdout)).toMatchObject({ pgVersion: 15 });
});

test('a rule whose parts throw is told beside the rest of the config', async () => {
  const tiptoe = await project({
    'bad.ts': "export default { get name() { throw new Error('no luck'); } };",
    'tiptoe.config.json': '{ "rules": ["./bad.ts"],\n "pgVersion": 12 }',
  });
  const { code, stderr } = await tiptoe(['lint', '1.sql']);
  expect(code).toBe(2);
  expect(stderr).toContain('  tiptoe.config.json:1: ./bad.ts: bad.ts cannot be loaded: no luck\n');
  expect(stderr).toContain('  tiptoe.config.json:2: pgVersion: must be a whole number from 13 to 18\n');
});

describe('--no-code', () => {
  test('runs nothing of the repository', async () => {
    const code = "process.stdout.write('ran');\nexport default {};";
    const config = await project({ 'tiptoe.config.ts': code });
    const rules = await project({ 'a.ts': code, 'tiptoe.config.yaml': 'rules: [./a.ts]' });
    for (const command of [['lint', '1.sql'], ['explain', '1.sql'], ['rules'], ['status']]) {
      const refused = await config([...command, '--no-code']);
      expect({ ...refused, stderr: '' }, command[0]).toEqual({ code: 2, stdout: '', stderr: '' });
      expect(refused.stderr).toContain('tiptoe.config.ts is code, and --no-code refuses to run it.');
    }
    const { code: exit, stdout, stderr } = await rules(['lint', '--no-code', '1.sql']);
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
    expect(stderr).toContain('tiptoe.config.yaml has rules of its own (./a.ts), and --no-code refuses to run them.');
  }, 30_000);

  test('takes a config that is data', async () => {
    const tiptoe = await project({ 'tiptoe.config.yaml': 'rules: { table-rewrite: off }' });
    expect(await tiptoe(['lint', '--no-code', '--quiet', '1.sql'])).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});

test('a broken config does not keep tiptoe rules from listing those of tiptoe', async () => {
  const tiptoe = await project({ 'tiptoe.config.json': '{ "rules": { "drop-tabel": "off" } }' });
  const { code, stdout, stderr } = await tiptoe(['rules', 'drop-table']);
  expect(code).toBe(0);
  expect(stdout).toContain('drop-table');
  expect(stderr).toContain("rules of your own are not shown: tiptoe.config.json:1: there is no rule 'drop-tabel'");
});

test('--print-config shows what holds for a file', async () => {
  const overrides = [{ files: 'old/', rules: { 'wide-table': ['error', { columns: 90 }], 'drop-table': 'off' } }];
  const tiptoe = await project({
    'tiptoe.config.json': JSON.stringify({
      pgVersion: 16,
      extends: ['style'],
      overrides,
      newTables: { policy: 'allow' },
    }),
  });
  const print = async (...file: string[]): Promise<unknown> =>
    JSON.parse((await tiptoe(['lint', '--print-config', ...file])).stdout);
  expect(await print()).toMatchObject({
    file: 'tiptoe.config.json',
    pgVersion: 16,
    rules: { 'wide-table': ['off', { columns: 60 }], 'char-column': 'warning', 'drop-table': 'warning' },
    newTables: { policy: 'allow', maxWritesPerSecond: null },
    gate: { minRows: 1000 },
  });
  expect(await print('old/1.sql')).toMatchObject({
    rules: { 'wide-table': ['error', { columns: 90 }], 'drop-table': 'off' },
  });
  expect(await print('new/1.sql')).toMatchObject({ rules: { 'drop-table': 'warning' } });
}, 30_000);

describe('--env', () => {
  const config = { environments: { staging: { databaseUrlEnv: 'STAGING_URL' } } };
  const STAGING = { STAGING_URL: 'postgres://nobody@127.0.0.1:1/staging' };

  test.each([['lint', '1.sql'], ['explain', '1.sql'], ['status'], ['plan'], ['apply'], ['backfill', 'list']])(
    'names the server: %s',
    async (...command) => {
      const tiptoe = await project({ 'tiptoe.config.json': JSON.stringify({ ...config, dir: '.' }) });
      const { code, stderr } = await tiptoe([...command, '--env', 'staging'], {
        ...STAGING,
        DATABASE_URL: 'postgres://other:1/x',
      });
      expect(code).toBe(2);
      expect(stderr).toContain('Cannot connect to nobody@127.0.0.1:1/staging');
    },
    30_000,
  );

  test('that is not there, not set, or named twice is told', async () => {
    const tiptoe = await project({ 'tiptoe.config.json': JSON.stringify(config) });
    for (const [args, env, says] of [
      [['--env', 'stagin'], STAGING, "there is no environment 'stagin', did you mean 'staging'?"],
      [['--env', 'staging'], {}, "the environment 'staging' needs the variable STAGING_URL, which is not set."],
      [
        ['--env', 'staging', '--database-url', 'postgres://db/x'],
        STAGING,
        '--env and --database-url both say which server',
      ],
    ] as const) {
      const { code, stderr } = await tiptoe(['lint', '1.sql', ...args], env);
      expect(code).toBe(2);
      expect(stderr).toContain(says);
    }
  }, 30_000);
});
