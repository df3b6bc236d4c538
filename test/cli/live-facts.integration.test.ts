import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runTiptoe } from '../support/cli.ts';
import { databaseUrl, testDatabase } from '../support/database.ts';

const database = testDatabase();
let cwd: string;
/** Of a role that has CONNECT on the database and USAGE on its schema. */
let readerUrl: string;
let readerRole: string;

const MIGRATION = `CREATE INDEX countries_name ON countries (name);
CREATE INDEX orders_note ON orders (note);
CREATE INDEX events_id ON events (id);
ALTER TABLE drafts ALTER COLUMN note SET NOT NULL;
DROP INDEX orders_country;
-- tiptoe:writes 400000/s: one row per click
CREATE TABLE clicks (id bigint PRIMARY KEY);
`;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'tiptoe-facts-'));
  await writeFile(join(cwd, 'new.sql'), MIGRATION);
  const owner = await database.session();
  await owner.exec(`
    CREATE TABLE countries (code text PRIMARY KEY, name text);
    INSERT INTO countries SELECT 'c' || g, 'country ' || g FROM generate_series(1, 12) g;
    CREATE TABLE orders (id bigint PRIMARY KEY, country text REFERENCES countries, note text);
    INSERT INTO orders SELECT g, 'c' || (1 + g % 12), repeat('x', 200) FROM generate_series(1, 20000) g;
    CREATE INDEX orders_country ON orders (country);
    CREATE TABLE events (id bigint, day date) PARTITION BY RANGE (day);
    CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
    CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
    CREATE TABLE events_3 PARTITION OF events FOR VALUES FROM ('2026-03-01') TO ('2026-04-01');
    INSERT INTO events SELECT g, date '2026-01-01' + g % 59 FROM generate_series(1, 10000) g;
    CREATE TABLE drafts (id int, note text) WITH (autovacuum_enabled = off);
    INSERT INTO drafts VALUES (1, 'a');
    ANALYZE countries; ANALYZE orders; ANALYZE events_1; ANALYZE events_2;
  `);
  readerRole = `reader_${database.name}`;
  readerUrl = databaseUrl(database.adminUrl, database.name, readerRole, 'secret');
  const admin = await database.session(database.adminUrl);
  await admin.exec(`CREATE ROLE ${readerRole} LOGIN PASSWORD 'secret'; REVOKE ALL ON DATABASE ${database.name} FROM PUBLIC;
    REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT CONNECT ON DATABASE ${database.name} TO ${readerRole};
    GRANT USAGE ON SCHEMA public TO ${readerRole}`);
});

afterAll(async () => {
  await rm(cwd, { recursive: true });
  const admin = await database.session(database.adminUrl);
  await admin.exec(`DROP OWNED BY ${readerRole}; DROP ROLE ${readerRole}`);
  await admin.close();
});

interface Finding {
  readonly rule: string;
  readonly severity: string;
  readonly message: string;
  readonly relation: string;
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly estimate?: { readonly seconds: readonly number[]; readonly basis: string };
}

interface LintDocument {
  readonly facts?: { readonly source: string; readonly takenAt: string };
  readonly files: readonly { readonly findings: readonly Finding[] }[];
}

const lint = (...args: readonly string[]) => runTiptoe(['lint', 'new.sql', ...args], { cwd });

async function lintJson(...args: readonly string[]): Promise<LintDocument> {
  const { stdout, stderr } = await lint('--format', 'json', ...args);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as LintDocument;
}

const findingsOf = ({ files }: LintDocument): readonly Finding[] => files.flatMap(({ findings }) => findings);

async function snapshot(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runTiptoe(['snapshot', '--database-url', readerUrl, ...args], { cwd });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, unknown>;
}

const write = (name: string, content: unknown) =>
  writeFile(join(cwd, name), typeof content === 'string' ? content : JSON.stringify(content));

describe('a live server, by a role with CONNECT and USAGE alone', () => {
  test('makes findings milder, and says how big a table is and how long work takes', async () => {
    const document = await lintJson('--database-url', readerUrl);
    expect(document.facts?.source).toContain(`/${database.name}`);
    const found = findingsOf(document);
    const of = (rule: string, relation: string) => found.find((one) => one.rule === rule && one.relation === relation);
    expect(of('create-index-blocking', 'public.countries')).toMatchObject({
      severity: 'warning',
      message: expect.stringContaining('(a warning here: public.countries has 12 rows, 8 kB)'),
      facts: { relation: 'public.countries', rows: 12, bytes: 8_192, writesPerSecond: expect.any(Number) },
    });
    const [heap] = await (
      await database.session()
    ).query<{ bytes: string }>(`SELECT pg_relation_size('orders')::text AS bytes`);
    const orders = of('create-index-blocking', 'public.orders');
    expect(orders).toMatchObject({ severity: 'error', facts: { rows: 20_000, bytes: Number(heap?.bytes) } });
    expect(orders?.estimate?.basis).toMatch(/^4\.\d MB at 30 to 120 MB\/s$/);
    // One that was never analysed is not tiny.
    expect(of('set-not-null-scan', 'public.drafts')).toMatchObject({ severity: 'error', facts: { rows: null } });
  });

  test('sums partitions, also one that is empty and was never analysed', async () => {
    const found = findingsOf(await lintJson('--database-url', readerUrl));
    expect(found.filter(({ message }) => message.includes('public.events'))).toMatchObject([
      { facts: { relation: 'public.events', rows: 10_000 } },
    ]);
  });

  test('compares a new table with the busiest one, and explain has the same facts', async () => {
    const found = findingsOf(await lintJson('--database-url', readerUrl));
    expect(found.find(({ rule }) => rule === 'write-heavy-table')?.message).toMatch(
      /^public\.clicks declares 400000\/s; the busiest table here, public\.\w+, has [\d.]+\/s$/,
    );
    const explained = await runTiptoe(['explain', 'new.sql', '--database-url', readerUrl, '--format', 'json'], { cwd });
    const document = JSON.parse(explained.stdout) as {
      facts: object;
      files: { statements: { effects: object[] }[] }[];
    };
    expect(document.facts).toEqual({ source: expect.any(String), takenAt: expect.any(String) });
    expect(document.files[0]?.statements[0]?.effects).toMatchObject([
      { facts: { rows: 12 }, estimate: { seconds: [expect.any(Number), expect.any(Number)] } },
    ]);
    const pretty = await runTiptoe(['explain', 'new.sql', '--database-url', readerUrl], { cwd });
    expect(pretty.stdout).toContain('12 rows, 8 kB');
    expect(pretty.stdout).toContain(', read just now\n');
  });

  test('a short sample sees what is written now', async () => {
    const owner = await database.session();
    const running = snapshot('--sample', '3s');
    const write = async (left: number): Promise<void> => {
      if (left === 0) return;
      await owner.exec(`INSERT INTO drafts SELECT g, 'x' FROM generate_series(1, 3000) g; SELECT pg_sleep(0.3)`);
      await write(left - 1);
    };
    await write(12);
    const { tables } = (await running) as { tables: { table: string; writesPerSecond: number }[] };
    expect(tables.find(({ table }) => table === 'public.drafts')?.writesPerSecond).toBeGreaterThan(100);
  });

  test('what it could not see is told', async () => {
    const admin = await database.session(database.adminUrl);
    await admin.exec(
      `REVOKE USAGE ON SCHEMA public FROM ${readerRole}; REVOKE SELECT ON pg_stat_user_tables FROM PUBLIC`,
    );
    try {
      const { stderr, stdout } = await lint('--database-url', readerUrl, '--format', 'json');
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).toContain(`the role ${readerRole} has no USAGE on that schema`);
      expect(stderr).toContain('how much is written (permission denied for view pg_stat_user_tables)');
      expect(JSON.parse(stdout)).toHaveProperty('facts');
    } finally {
      await admin.exec(`GRANT USAGE ON SCHEMA public TO ${readerRole}; GRANT SELECT ON pg_stat_user_tables TO PUBLIC`);
    }
  });

  test('a server that counts nothing has no rates', async () => {
    const admin = await database.session(database.adminUrl);
    await admin.exec(`ALTER ROLE ${readerRole} SET track_counts = off`);
    const { stderr, stdout } = await lint('--database-url', readerUrl, '--format', 'json');
    await admin.exec(`ALTER ROLE ${readerRole} RESET track_counts`);
    expect(stderr).toMatch(/^tiptoe: .* does not tell how much is written: track_counts is off on this server\n$/);
    const found = findingsOf(JSON.parse(stdout) as LintDocument);
    expect(found.find(({ relation }) => relation === 'public.orders')?.facts).toMatchObject({ writesPerSecond: null });
  });

  test('a lock in the way is given way to, and a query that takes too long is ended', async () => {
    const owner = await database.session();
    await owner.exec('BEGIN; LOCK TABLE orders');
    const [patient, hurried] = [
      await lint('--database-url', readerUrl),
      await lint('--database-url', readerUrl, '--statement-timeout', '500ms'),
    ];
    await owner.exec('ROLLBACK');
    expect(patient).toMatchObject({ code: 2, stderr: expect.stringContaining('under a lock that keeps readers out') });
    expect(hurried).toMatchObject({ code: 2, stderr: expect.stringContaining('was cancelled after 500ms') });
  });
});

describe('tiptoe snapshot', () => {
  test('is the same as the server for lint and explain', async () => {
    const { takenAt, ...facts } = await snapshot();
    await write('facts.json', { takenAt, ...facts });
    const [live, kept] = [await lintJson('--database-url', readerUrl), await lintJson('--facts', 'facts.json')];
    const found = findingsOf(live);
    expect(found.length).toBeGreaterThan(4);
    // A rate is an average up to now.
    expect(timeless(findingsOf(kept))).toEqual(timeless(found));
    expect(kept.facts).toEqual({ source: 'facts.json', takenAt });
    const explain = async (...args: readonly string[]) => {
      const { stdout } = await runTiptoe(['explain', 'new.sql', '--format', 'json', ...args], { cwd });
      const { facts: _, ...document } = JSON.parse(stdout) as Record<string, unknown>;
      return JSON.stringify(document, (key, value: unknown) => (key === 'writesPerSecond' ? 0 : value));
    };
    expect(await explain('--facts', 'facts.json')).toBe(await explain('--database-url', readerUrl));
  });

  test('is deterministic, and has neither rows nor secrets', async () => {
    const [first, second] = [await snapshot(), await snapshot()];
    const { tables, ...rest } = first as { tables: { table: string }[] };
    expect(withoutTimes(second)).toEqual(withoutTimes(first));
    expect(tables.map(({ table }) => table)).toEqual(tables.map(({ table }) => table).toSorted());
    expect(rest).toMatchObject({ format: 'tiptoe-facts', version: 1, unseen: [] });
    expect(JSON.stringify(first)).not.toMatch(/country 1|xxxx|secret/);
  });

  test('is named by the config, and left out on request', async () => {
    await write('facts.json', await snapshot());
    await write('tiptoe.config.json', { facts: 'facts.json', live: { tinyRows: 5, hotWritesPerSecond: 0.0001 } });
    try {
      const found = findingsOf(await lintJson());
      expect(found.find(({ relation }) => relation === 'public.countries')).toMatchObject({ severity: 'error' });
      expect(found.find(({ rule }) => rule === 'drop-index-locks-table')).toMatchObject({
        severity: 'error',
        message: expect.stringMatching(/\(an error here: public\.orders takes [\d.,]+ writes\/s\)$/),
      });
      expect(await lintJson('--no-facts')).not.toHaveProperty('facts');
      await write('tiptoe.config.json', {
        live: { tinyRows: -1, throughput: { scan: [9, 3] }, statementTimeout: 'soon' },
      });
      const { code, stderr } = await lint();
      expect(code).toBe(2);
      for (const key of ['live.tinyRows', 'live.throughput.scan', 'live.statementTimeout'])
        expect(stderr).toContain(key);
    } finally {
      await rm(join(cwd, 'tiptoe.config.json'));
    }
  });

  test('of long ago is said to be', async () => {
    await write('old.json', { ...(await snapshot()), takenAt: '2020-01-01T00:00:00Z' });
    const { stdout, stderr } = await lint('--facts', 'old.json');
    expect(stderr).toMatch(/^tiptoe: the facts of old\.json are \d+ days old, taken 2020-01-01T00:00:00Z, .*\n$/);
    expect(stdout).toMatch(/facts of old\.json, \d+ days old\n$/);
  });

  test('that is broken is one line', async () => {
    const facts = await snapshot();
    const text = JSON.stringify(facts);
    await write('empty.json', '');
    await write('cut.json', text.slice(0, text.length / 2));
    await write('other.json', '{"files": []}');
    await write('newer.json', { ...facts, version: 2, tables: 'elsewhere' });
    await write('broken.json', { ...facts, tables: [{ table: 1 }] });
    for (const [file, says] of [
      ['none.json', 'there is no such file'],
      ['empty.json', 'are empty'],
      ['cut.json', 'are cut off'],
      ['other.json', 'holds no facts of tiptoe snapshot'],
      ['newer.json', 'are of version 2, and this tiptoe reads version 1'],
      ['broken.json', 'are broken: tables.0.'],
    ] as const) {
      const { code, stdout, stderr } = await lint('--facts', file);
      expect({ file, code, stdout }).toEqual({ file, code: 2, stdout: '' });
      expect(stderr).toContain(says);
      expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
    }
    const { code, stderr } = await lint('--facts', 'cut.json', '--database-url', readerUrl);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('--database-url and --facts both say'),
    });
  });
});

function timeless(findings: readonly Finding[]) {
  return findings.map(({ facts = {}, message, ...finding }) => {
    const { writesPerSecond: _, ...sizes } = facts;
    return { ...finding, facts: sizes, message: message.replaceAll(/[\d.,]+( writes)?\/s/g, '') };
  });
}

function withoutTimes(document: Record<string, unknown>): Record<string, unknown> {
  const { takenAt: _, tables, ...rest } = document as { takenAt: string; tables: { writesPerSecond: number }[] };
  return { ...rest, tables: tables.map(({ writesPerSecond: _, ...table }) => table) };
}
