import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { withSession } from '../../src/db/session.ts';
import { runTiptoe } from '../support/cli.ts';
import { connectionTo } from '../support/database.ts';
import { type Replicable, type Standby, startPrimary, startStandby } from '../support/standby.ts';

let primary: Replicable;
let standby: Standby;
let cwd: string;

const UNSEEN = 'how much is written: a standby does not count what it replays; ask its primary';

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'tiptoe-standby-'));
  await writeFile(
    join(cwd, 'new.sql'),
    'CREATE INDEX orders_note ON orders (note);\nCREATE INDEX flags_name ON flags (name);\n',
  );
  primary = await startPrimary();
  standby = await startStandby(primary);
  await withSession(connectionTo(primary.url), { applicationName: 'test' }, (session) =>
    session.exec(`
      CREATE TABLE orders (id bigint PRIMARY KEY, note text);
      INSERT INTO orders SELECT g, repeat('x', 200) FROM generate_series(1, 20000) g;
      CREATE TABLE flags (name text);
      INSERT INTO flags VALUES ('a'), ('b');
      ANALYZE orders; ANALYZE flags`),
  );
  await standby.catchUp();
});

afterAll(async () => {
  await standby.stop();
  await primary.stop();
  await rm(cwd, { recursive: true });
});

const tiptoe = (...args: string[]) => runTiptoe(args, { cwd });

test('a snapshot of a standby has schema and sizes, and says that it knows no writes', async () => {
  const { code, stdout, stderr } = await tiptoe('snapshot', '--database-url', standby.url);
  expect(code).toBe(0);
  expect(stderr).toContain(`does not tell ${UNSEEN}\n`);
  const snapshot = JSON.parse(stdout) as { readonly tables: readonly unknown[]; readonly schema: unknown };
  expect(snapshot).toMatchObject({ pgVersion: inject('serverVersion'), unseen: [UNSEEN], writesSince: null });
  expect(snapshot.tables).toMatchObject([
    { table: 'public.flags', rows: 2, heapBytes: 8_192, writesPerSecond: null },
    { table: 'public.orders', rows: 20_000, writesPerSecond: null },
  ]);
  const own = JSON.parse((await tiptoe('snapshot', '--database-url', primary.url)).stdout) as typeof snapshot;
  expect(snapshot.schema).toEqual(own.schema);
});

test('lint goes by the facts of a standby', async () => {
  const { code, stdout, stderr } = await tiptoe('lint', 'new.sql', '--format', 'json', '--database-url', standby.url);
  expect(code).toBe(1);
  expect(stderr).toContain(UNSEEN);
  expect(JSON.parse(stdout)).toMatchObject({
    pgVersion: inject('serverVersion'),
    files: [
      {
        findings: [
          { rule: 'create-index-blocking', severity: 'error', facts: { rows: 20_000, writesPerSecond: null } },
          { rule: 'create-index-blocking', severity: 'warning', facts: { rows: 2 } },
        ],
      },
    ],
  });
});

test('an audit of a standby looks at what is there, and says what only the primary knows', async () => {
  await writeFile(
    join(cwd, 'tiptoe.config.json'),
    JSON.stringify({ newTables: { tables: { orders: { maxWritesPerSecond: 5 } } } }),
  );
  const { code, stdout, stderr } = await tiptoe('audit', '--database-url', standby.url, '--format', 'json');
  await rm(join(cwd, 'tiptoe.config.json'));
  expect(stderr).toBe('');
  expect([0, 1]).toContain(code);
  const { files } = JSON.parse(stdout) as {
    readonly files: readonly { readonly findings: readonly { rule: string; relation: string; message: string }[] }[];
  };
  const findings = files.flatMap((file) => file.findings);
  expect(findings).toContainEqual(expect.objectContaining({ rule: 'no-primary-key', relation: 'public.flags' }));
  const told = findings.filter(({ rule }) => rule === 'not-checked').map(({ message }) => message);
  expect(told).toContainEqual(expect.stringMatching(/over-write-budget.*this is a standby/));
});
