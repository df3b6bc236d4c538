import { spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { git, installTiptoe, makeRepository, OFFLINE, writeFiles } from '../support/repository.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';
import { type Command, commandsOf } from './fences.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const temporary = ownTemporaryDirectory();

/** A shop: what is merged, and what a branch adds. */
const MERGED = {
  'migrations/001_orders.sql':
    'CREATE TABLE users (id bigint PRIMARY KEY, email varchar(50));\nCREATE TABLE orders (id bigint PRIMARY KEY, total numeric);\n',
};
const SAFE = { 'migrations/002_tracking.sql': 'ALTER TABLE orders ADD COLUMN tracking uuid;\n' };
const UNSAFE = {
  'migrations/002_tracking.sql': 'ALTER TABLE orders ADD COLUMN tracking uuid DEFAULT gen_random_uuid();\n',
};
const BACKFILL = {
  'migrations/003_tracking.backfill.sql':
    '-- tiptoe:backfill\nUPDATE orders SET tracking = gen_random_uuid() WHERE tracking IS NULL;\n',
};
const DROPS = { 'migrations/002_tracking.sql': 'ALTER TABLE orders DROP COLUMN total;\n' };

/** Programs that pages pipe from, and what they print. */
const PIPED = { alembic: 'alembic.sql', python: 'django.sql', mix: 'ecto.log' };

/** Each page with what its reader has, what was run before, and how many of its commands are not run. */
const PAGES = [
  { page: 'README.md', branch: { ...UNSAFE, ...BACKFILL }, before: ['tiptoe apply'], notRun: 2 },
  { page: 'docs/developers.md', branch: UNSAFE, before: [], notRun: 0 },
  { page: 'docs/ci.md', branch: DROPS, before: [], notRun: 1 },
  { page: 'docs/dbas.md', branch: { ...SAFE, ...BACKFILL }, before: [], notRun: 3 },
  { page: 'docs/lint.md', branch: UNSAFE, before: [], notRun: 1 },
  { page: 'docs/apply.md', branch: SAFE, before: [], notRun: 0 },
  { page: 'docs/backfill.md', branch: { ...SAFE, ...BACKFILL }, before: ['tiptoe apply'], notRun: 0 },
  { page: 'docs/server.md', branch: {}, before: [], notRun: 1 },
] as const;

test('every page with commands is here', async () => {
  const names = (await readdir(join(ROOT, 'docs'))).filter((name) => name.endsWith('.md'));
  const pages = ['README.md', ...names.map((name) => `docs/${name}`)];
  const withCommands: string[] = [];
  for (const page of pages) {
    const { run, notRun } = commandsOf(await readFile(join(ROOT, page), 'utf8'));
    if (run.length + notRun.length > 0) withCommands.push(page);
  }
  expect(withCommands.sort()).toEqual(PAGES.map(({ page }) => page).sort());
});

const outcome = ({ line, text }: Command, exitCode: number | null, output: string): string =>
  `${line}: ${text} -> ${exitCode}\n${output}`;

describe.each(PAGES)('$page', ({ page, branch, before, notRun }) => {
  const database = testDatabase();

  test('its commands do what it says', async () => {
    const commands = commandsOf(await readFile(join(ROOT, page), 'utf8'));
    expect(commands.notRun).toHaveLength(notRun);
    const cwd = await makeRepository(temporary.path, MERGED);
    await installTiptoe(cwd);
    for (const [program, prints] of Object.entries(PIPED)) {
      const script = `#!/bin/sh\ncat '${join(ROOT, 'fixtures/piped', prints)}'\n`;
      await writeFile(join(cwd, 'node_modules/.bin', program), script, { mode: 0o755 });
    }
    git(cwd, 'add', '.');
    git(cwd, 'commit', '--quiet', '--message', 'what is merged');
    git(cwd, 'update-ref', 'refs/remotes/origin/main', 'HEAD');
    git(cwd, 'checkout', '--quiet', '-b', 'tracking');
    await writeFiles(cwd, branch);
    const env = {
      ...OFFLINE,
      DATABASE_URL: database.ownerUrl,
      PATH: [join(cwd, 'node_modules/.bin'), process.env.PATH].join(delimiter),
    };
    for (const text of before) expect(spawnSync('bash', ['-c', text], { cwd, env }).status).toBe(0);
    const outcomes = commands.run.map((command) => {
      const { text, exitCode } = command;
      const { status, stdout, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', text], {
        cwd,
        env,
        encoding: 'utf8',
      });
      const output = `${stdout}${stderr}`.trim();
      return outcome(command, status, status === exitCode && command.shown.length === 0 ? '' : output);
    });
    expect(outcomes).toEqual(
      commands.run.map((command) => outcome(command, command.exitCode, command.shown.join('\n').trim())),
    );
  }, 240_000);
});
