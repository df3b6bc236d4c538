import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { runMigrations } from 'graphile-worker';
import { beforeAll, describe, expect, test } from 'vitest';
import { type CatalogSnapshot, catalogSnapshot } from '../support/catalog-snapshot.ts';
import { runTiptoe } from '../support/cli.ts';
import type { TestDatabase } from '../support/database.ts';
import { testDatabase } from '../support/database.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

/** What the package's runner does before it runs its first file. */
const BOOTSTRAP = `create schema :GRAPHILE_WORKER_SCHEMA;
create table :GRAPHILE_WORKER_SCHEMA.migrations (
  id int primary key,
  ts timestamptz default now() not null
);
alter table :GRAPHILE_WORKER_SCHEMA.migrations add column breaking boolean not null default false;
`;
/** Quoted, as the package fills it in: the placeholder also stands in function bodies, which the server keeps as they are. */
const VARIABLE = ['--var', 'GRAPHILE_WORKER_SCHEMA="graphile_worker"'];

const shipped = join(dirname(createRequire(import.meta.url).resolve('graphile-worker/package.json')), 'sql');
const directory = ownTemporaryDirectory();
const ours = testDatabase();
const theirs = testDatabase();

beforeAll(async () => {
  await mkdir(join(directory.path, 'migrations'));
  await cp(shipped, join(directory.path, 'migrations'), { recursive: true });
  await writeFile(join(directory.path, 'migrations', '000000_schema.sql'), BOOTSTRAP);
});

function tiptoe(...args: string[]) {
  return runTiptoe([...args, ...VARIABLE], { cwd: directory.path });
}

/** The roles of the two databases differ in name alone. */
async function snapshotOf(database: TestDatabase): Promise<CatalogSnapshot> {
  const snapshot = JSON.stringify(await catalogSnapshot(await database.session()));
  return JSON.parse(
    snapshot.replaceAll(database.ownerRole, 'owner').replaceAll(database.trafficRole, 'traffic'),
  ) as CatalogSnapshot;
}

describe("graphile-worker's own migrations", () => {
  test('are read to the last statement, and what would stop its queue is found', async () => {
    const explained = await tiptoe('explain', '--format', 'json');
    expect(explained).toMatchObject({ code: 0, stderr: '' });
    const { files } = JSON.parse(explained.stdout) as { files: { statements: unknown[] }[] };
    const statements = files.reduce((sum, file) => sum + file.statements.length, 0);
    console.info(`graphile-worker: ${statements} statements in ${files.length} files`);
    expect(files).toHaveLength((await readdir(shipped)).length + 1);
    expect(statements).toBe(143);

    const linted = await tiptoe('lint', '--format', 'json');
    expect(linted).toMatchObject({ code: 1, stderr: '' });
    const report = JSON.parse(linted.stdout) as {
      files: { path: string; findings: { rule: string; line: number }[] }[];
    };
    const findings = report.files.flatMap(({ path, findings }) =>
      findings.map(({ rule, line }) => `${path}:${line} ${rule}`),
    );
    expect(findings.filter((finding) => /syntax-error|not-understood/.test(finding))).toEqual([]);
    expect(findings).toEqual(
      expect.arrayContaining([
        'migrations/000006.sql:1 create-index-blocking',
        'migrations/000011.sql:13 change-type-rewrite',
      ]),
    );
  });

  test("make the same catalog by tiptoe as by the package's own runner", async () => {
    const applied = await tiptoe('apply', '--format', 'json', '--database-url', ours.ownerUrl);
    expect(JSON.parse(applied.stdout), applied.stderr).toMatchObject({ outcome: 'done' });
    expect(applied.code).toBe(0);
    await runMigrations({ connectionString: theirs.ownerUrl });

    const snapshot = await snapshotOf(ours);
    expect(snapshot['relations']?.map(({ relation }) => relation)).toContain('graphile_worker._private_jobs');
    expect(snapshot['functions']?.length).toBeGreaterThan(5);
    expect(snapshot).toEqual(await snapshotOf(theirs));
  });
});
