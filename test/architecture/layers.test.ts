import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const { LAYERS, PACKAGES } = (await import(pathToFileURL(join(ROOT, 'oxlint.config.js')).href)) as {
  /** Which folders of src a folder may import. */
  readonly LAYERS: Readonly<Record<string, readonly string[]>>;
  /** Which folders may import a package. */
  readonly PACKAGES: Readonly<Record<string, readonly string[]>>;
};

const FOLDERS = Object.keys(LAYERS);
/** From left to right, as the house is drawn: imports go leftwards only. */
const PURE = ['sql', 'postgres', 'catalog', 'effects', 'lint', 'audit', 'report', 'frameworks', 'library'];
const OTHER_PACKAGES = ['process', 'node:process', 'node:fs/promises', 'valibot'];

/** A small house of the same shape, in which everybody imports everything. */
let house: string;
/** What the gate says of it: the code of the rule, by `path:line`. */
const findings = new Map<string, string[]>();

beforeAll(async () => {
  house = await mkdtemp(join(tmpdir(), 'tiptoe-test-'));
  for (const name of ['oxlint.config.js', 'tsconfig.json', '.gitignore'])
    await copyFile(join(ROOT, name), join(house, name));
  await symlink(join(ROOT, 'node_modules'), join(house, 'node_modules'), 'junction');
  await build();
  for (const { code, filename, labels } of await lint()) {
    const place = `${filename.replaceAll('\\', '/')}:${labels[0]?.span.line}`;
    findings.set(place, [...(findings.get(place) ?? []), code]);
  }
}, 60_000);
afterAll(() => rm(house, { recursive: true, force: true }));

async function write(path: string, lines: readonly string[]): Promise<void> {
  await mkdir(dirname(join(house, path)), { recursive: true });
  await writeFile(join(house, path), `${lines.join('\n')}\n`);
}

/** One import on each line, so that a finding's line says which. */
function importAll(targets: readonly string[]): string[] {
  return targets.map((target, index) => `export { x as x${index} } from '${target}';`);
}

async function build(): Promise<void> {
  for (const folder of FOLDERS) {
    await write(`src/${folder}/x.ts`, ['export const x = 1;', 'export type X = 1;']);
    await write(`src/${folder}/all.ts`, importAll(targets('..')));
    await write(`src/${folder}/deep/all.ts`, importAll(targets('../..')));
  }
  await write('src/problem.ts', ['export const x = 1;']);
  await write('src/all.ts', importAll(targets('.')));
  await write('src/sql/libpg.ts', importAll(['libpg-query', '../postgres/x.ts']));
  await write('rules/index.ts', ['export const x = 1;']);
  await write(
    'rules/all.ts',
    importAll(['./index.ts', '../src/lint/kit.ts', '../src/lint/x.ts', ...targets('../src')]),
  );
  await write('src/lint/disguised.ts', [
    "export { x as x0 } from './../db/x.ts';",
    "export { x as x1 } from '../../src/db/x.ts';",
    "export * from '../db/x.ts';",
    "export const later = () => import('../db/x.ts');",
    "export type { X } from '../db/x.ts';",
    "export type Y = import('../db/x.ts').X;",
  ]);
  await write('src/migrate/habits.ts', [
    'async function work(): Promise<void> {}',
    'export const start = () => { work(); };',
    'export const env = () => process.env;',
  ]);
  await write('src/lint/habits.ts', [
    'export const now = () => Date.now();',
    "export const say = () => console.log('');",
  ]);
  await write('src/safety/here.ts', ["import { there } from './there.ts';", 'export const here = () => there;']);
  await write('src/safety/there.ts', ["import { here } from './here.ts';", 'export const there = () => here;']);
}

function targets(src: string): string[] {
  const folders = FOLDERS.map((folder) => `${src}/${folder}/x.ts`);
  return [...folders, `${src}/problem.ts`, `${src}/../rules/index.ts`, ...Object.keys(PACKAGES), ...OTHER_PACKAGES];
}

interface Finding {
  readonly code: string;
  readonly filename: string;
  readonly labels: readonly { readonly span: { readonly line: number } }[];
}

/** Runs the linter as `npm run check` does. */
async function lint(): Promise<readonly Finding[]> {
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Readonly<Record<string, string>>;
  };
  const [program = '', ...args] = (scripts['check:lint'] ?? '').split(' ');
  expect(program).toBe('oxlint');
  const oxlint = join(ROOT, 'node_modules/oxlint/bin/oxlint');
  const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) => {
    execFile(
      process.execPath,
      [oxlint, ...args, '--format', 'json'],
      { cwd: house, maxBuffer: 2 ** 26 },
      (error, text) => {
        resolve({ code: error?.code ?? 0, output: text });
      },
    );
  });
  expect(code).toBe(1);
  return (JSON.parse(output) as { diagnostics: Finding[] }).diagnostics;
}

function refused(path: string, imports: readonly string[]): string[] {
  return imports.filter((_, index) => findings.get(`${path}:${index + 1}`)?.includes('eslint(no-restricted-imports)'));
}

/** What must be refused in a folder, by the table of layers. */
function forbidden(folder: string, src: string): string[] {
  const allowed = new Set([
    ...[folder, ...(LAYERS[folder] ?? [])].map((other) => `${src}/${other}/x.ts`),
    ...Object.keys(PACKAGES).filter((name) => PACKAGES[name]?.includes(folder)),
    `${src}/problem.ts`,
    'valibot',
    ...(PURE.includes(folder) ? [] : ['node:fs/promises']),
    ...(['cli', 'terminal'].includes(folder) ? ['process', 'node:process'] : []),
    ...(['cli', 'demo', 'library'].includes(folder) ? [`${src}/../rules/index.ts`] : []),
  ]);
  return targets(src).filter((target) => !allowed.has(target));
}

describe('the table of layers', () => {
  test('knows every folder of src', async () => {
    const entries = await readdir(join(ROOT, 'src'), { withFileTypes: true });
    for (const { name } of entries.filter((entry) => entry.isDirectory())) expect(FOLDERS).toContain(name);
  });

  test('lets the pure layers import leftwards only', () => {
    for (const [index, folder] of PURE.entries()) {
      expect(PURE.slice(0, index), folder).toEqual(expect.arrayContaining([...(LAYERS[folder] ?? [])]));
    }
  });

  test('has no way back: whoever is imported, also through others, never imports in return', () => {
    const reach = (folder: string): string[] => (LAYERS[folder] ?? []).flatMap((other) => [other, ...reach(other)]);
    for (const folder of FOLDERS) expect(reach(folder)).not.toContain(folder);
  });

  test('keeps migrate and backfill apart, and the terminal to the command line', () => {
    expect(LAYERS['migrate']).not.toContain('backfill');
    expect(LAYERS['backfill']).not.toContain('migrate');
    expect(FOLDERS.filter((folder) => LAYERS[folder]?.includes('terminal'))).toEqual(['cli']);
    expect(FOLDERS.filter((folder) => LAYERS[folder]?.includes('cli'))).toEqual([]);
  });
});

describe('the gate refuses', () => {
  test.each(FOLDERS)('what src/%s must not import, and nothing else', (folder) => {
    expect(forbidden(folder, '..')).not.toEqual([]);
    expect(refused(`src/${folder}/all.ts`, targets('..'))).toEqual(forbidden(folder, '..'));
    expect(refused(`src/${folder}/deep/all.ts`, targets('../..'))).toEqual(forbidden(folder, '../..'));
  });

  test('any layer in a file of src itself, which all layers import', () => {
    const allowed = ['./problem.ts', 'valibot'];
    expect(refused('src/all.ts', targets('.'))).toEqual(targets('.').filter((target) => !allowed.includes(target)));
  });

  test('more than the rule kit in a rule', () => {
    expect(
      refused('rules/all.ts', ['./index.ts', '../src/lint/kit.ts', '../src/lint/x.ts', ...targets('../src')]),
    ).toEqual(['../src/lint/x.ts', ...targets('../src')]);
  });

  test('the parser anywhere but in its own file, which imports no layer', () => {
    expect(refused('src/sql/libpg.ts', ['libpg-query', '../postgres/x.ts'])).toEqual(['../postgres/x.ts']);
  });

  test.each([
    [1, 'by a detour', 'eslint(no-restricted-imports)'],
    [2, 'through the root', 'eslint(no-restricted-imports)'],
    [3, 'in an export', 'eslint(no-restricted-imports)'],
    [4, 'when it runs', 'eslint(no-restricted-imports)'],
    [5, 'for a type', 'eslint(no-restricted-imports)'],
    [6, 'inside a type', 'typescript(consistent-type-imports)'],
  ])('a forbidden import in disguise (%i): %s', (line, _, code) => {
    expect(findings.get(`src/lint/disguised.ts:${line}`)).toContain(code);
  });

  test.each([
    ['a promise that nobody waits for', 'src/migrate/habits.ts:2', 'typescript(no-floating-promises)'],
    ['process below the command line', 'src/migrate/habits.ts:3', 'eslint(no-restricted-globals)'],
    ['a clock in a pure layer', 'src/lint/habits.ts:1', 'eslint(no-restricted-globals)'],
    ['output from a pure layer', 'src/lint/habits.ts:2', 'eslint(no-restricted-globals)'],
    ['a circle of imports', 'src/safety/here.ts:1', 'import(no-cycle)'],
    ['the other half of the circle', 'src/safety/there.ts:1', 'import(no-cycle)'],
  ])('%s', (_, place, code) => {
    expect(findings.get(place)).toContain(code);
  });
});
