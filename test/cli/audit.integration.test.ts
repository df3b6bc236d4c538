import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { withSession } from '../../src/db/session.ts';
import { runTiptoe, startTiptoe } from '../support/cli.ts';
import { connectionTo, testDatabase } from '../support/database.ts';
import { makeProject, type Project } from '../support/project.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const db = testDatabase();
const temporary = ownTemporaryDirectory();
let project: Project;

const exec = (sql: string) =>
  withSession(connectionTo(db.ownerUrl), { applicationName: 'tiptoe test' }, (session) => session.exec(sql));

beforeAll(async () => {
  project = await makeProject(temporary.path, db.ownerUrl, 'audit_own', {
    '001_events.sql':
      '-- tiptoe:writes 1/day: one row per contract\nCREATE TABLE events (id bigint PRIMARY KEY, note text);\nALTER TABLE events RENAME TO audit_events;',
  });
  await exec(`CREATE TABLE audit_bare (id int); CREATE TABLE audit_events (id bigint PRIMARY KEY, note text)`);
});

const configure = (audit: object) =>
  writeFile(join(project.cwd, 'tiptoe.config.json'), JSON.stringify({ audit, newTables: { maxWritesPerSecond: 5 } }));

const CHECKS = ['--check', 'no-primary-key'];

test('warnings are exit code 0 unless --fail-on says otherwise; the credentials of the URL are nowhere', async () => {
  await configure({});
  const plain = await project.tiptoe('audit', ...CHECKS);
  expect(plain).toMatchObject({ code: 0, stderr: '' });
  expect(plain.stdout).toContain('public.audit_bare has no primary key');
  expect(plain.stdout).toContain(`1 warning in ${new URL(db.ownerUrl).host}/${db.name}, by 1 check`);
  expect(plain.stdout).not.toContain(db.ownerRole);
  expect((await project.tiptoe('audit', ...CHECKS, '--fail-on', 'warning')).code).toBe(1);
});

test('json has the shape of lint; several formats at once, each to its place', async () => {
  await configure({ checks: { 'no-primary-key': 'error' } });
  const { code, stdout } = await project.tiptoe(
    'audit',
    ...CHECKS,
    '--format',
    'json',
    '--format',
    'sarif=audit.sarif',
  );
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    version: 1,
    files: [
      {
        path: `${new URL(db.ownerUrl).host}/${db.name}`,
        findings: [{ rule: 'no-primary-key', severity: 'error', relation: 'public.audit_bare', line: null }],
      },
    ],
    summary: { files: 1, errors: 1, warnings: 0, suppressed: 0 },
  });
  const sarif = JSON.parse(await readFile(join(project.cwd, 'audit.sarif'), 'utf8'));
  expect(sarif.runs[0].results).toMatchObject([{ ruleId: 'no-primary-key', level: 'error' }]);
  const { stdout: missing, ...refused } = await project.tiptoe(
    'audit',
    ...CHECKS,
    '--format',
    'sarif=no/such/folder.sarif',
  );
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no folder no/such') });
});

test('what the config ignores is suppressed with its reason, and what matches nothing is named', async () => {
  await configure({
    ignore: [
      { check: 'no-primary-key', object: 'public.audit_b*', reason: 'emptied every night' },
      { check: 'no-primary-key', object: 'public.gone', reason: 'old' },
      { check: 'unused-index', object: 'public.not_run', reason: 'not run now' },
    ],
  });
  const { code, stdout, stderr } = await project.tiptoe('audit', ...CHECKS, '--format', 'json', '--fail-on', 'warning');
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: "tiptoe: audit.ignore: no-primary-key has nothing to say of 'public.gone' any more.\n",
  });
  expect(JSON.parse(stdout)).toMatchObject({
    files: [{ findings: [] }],
    ignored: [{ rule: 'no-primary-key', object: 'public.audit_bare', reason: 'emptied every night' }],
    staleIgnores: [{ object: 'public.gone' }],
    summary: { suppressed: 1 },
  });
});

test('the config is checked: every error, and a hint', async () => {
  await configure({
    checks: { 'unused-idx': 'off' },
    ignore: [{ check: 'unused-index', object: 'x' }],
    unusedAfter: 'soon',
  });
  const { code, stderr } = await project.tiptoe('audit');
  expect(code).toBe(2);
  for (const text of [
    "did you mean 'unused-index'?",
    'audit.ignore.0.reason',
    'audit.unusedAfter: must be a number and a unit',
  ])
    expect(stderr).toContain(text);
});

test('the budget of a table follows it through a rename, and is compared with a sample', async () => {
  await configure({});
  const over = new AbortController();
  const writing = (async () => {
    while (!over.signal.aborted)
      await exec('INSERT INTO audit_events SELECT (random() * 1e15)::bigint FROM generate_series(1, 50)');
  })();
  try {
    const { code, stdout } = await project.tiptoe('audit', '--check', 'over-write-budget', '--sample', '3s');
    expect(stdout).toMatch(
      /public\.audit_events is written [\d.]+ times a second, measured for \d+ s, and its budget is 1\/day, which is 0\.0000116\/s declared in migrations\/001_events\.sql/,
    );
    expect(code).toBe(1);
  } finally {
    over.abort();
    await writing;
  }
});

test('a migration that was left half-done is named', async () => {
  await project.write({ '002_fail.sql': 'CREATE INDEX CONCURRENTLY audit_i ON audit_bare (id);\nSELECT 1 / 0;' });
  await project.tiptoe('baseline', '--to', '001_events', '--yes');
  const applied = await project.tiptoe('apply');
  expect(applied.code).toBe(1);
  const { stdout } = await project.tiptoe('audit', '--check', 'half-done-migration', '--format', 'json');
  expect(JSON.parse(stdout).files[0].findings).toMatchObject([
    { object: '002_fail', severity: 'error', message: expect.stringContaining('half-done') },
  ]);
  await exec(`REVOKE ALL ON SCHEMA audit_own FROM ${db.trafficRole}`);
  const poor = await project.tiptoeAs(db.trafficUrl, 'audit', '--check', 'half-done-migration', '--format', 'json');
  expect(JSON.parse(poor.stdout).files[0].findings).toMatchObject([
    { rule: 'not-checked', object: 'half-done-migration' },
  ]);
});

test('a server that goes away, and one that is not there, is one line and exit code 2', async () => {
  await configure({});
  const running = startTiptoe(['audit', '--check', 'over-write-budget', '--sample', '10min'], {
    cwd: project.cwd,
    env: { DATABASE_URL: db.ownerUrl },
  });
  await withSession(connectionTo(db.adminUrl), { applicationName: 'tiptoe test' }, (admin) =>
    expect
      .poll(
        () =>
          admin.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND application_name = 'tiptoe: audit' AND state = 'idle' AND query = 'COMMIT'`,
          ),
        { timeout: 20_000 },
      )
      .not.toEqual([]),
  );
  expect(await running.finished()).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('was lost during the audit'),
  });
  const { code, stderr } = await runTiptoe(['audit', '--database-url', 'postgres://x:secret@127.0.0.1:1/app'], {
    cwd: temporary.path,
  });
  expect(code).toBe(2);
  expect(stderr).toMatch(/^tiptoe: Cannot connect to x@127\.0\.0\.1:1\/app: no server listens there\.\n/);
});

test('a list of the checks, without a server; names that are none', async () => {
  const listed = await runTiptoe(['audit', '--list'], { cwd: temporary.path });
  expect(listed).toMatchObject({ code: 0, stderr: '' });
  expect(listed.stdout).toMatch(/^invalid-index +error +correctness +An index/m);
  const json = JSON.parse((await runTiptoe(['audit', '--list', '--format', 'json'], { cwd: temporary.path })).stdout);
  expect(json[0]).toMatchObject({ name: 'invalid-index', docs: { what: expect.any(String) } });
  expect(await runTiptoe(['audit', '--check', 'unused-idx'], { cwd: temporary.path })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("did you mean 'unused-index'?"),
  });
});
