import { beforeAll, describe, expect, test } from 'vitest';
import { rules } from '../../rules/index.ts';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { analyse, lint } from '../../src/lint/engine.ts';
import type { TableFacts } from '../../src/lint/facts.ts';
import { DEFAULT_LIVE } from '../../src/lint/live-settings.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

const MB = 1_048_576;
const ROWS = 1_000_000;

const USERS: TableFacts = { rows: ROWS, bytes: 100 * MB, heapBytes: 100 * MB, indexBytes: 40 * MB, writesPerSecond: 0 };
const BEFORE = `CREATE TABLE users (id bigint PRIMARY KEY, name text, born date);
CREATE INDEX users_name ON users (name);
CREATE TABLE unseen (id bigint PRIMARY KEY);`;

function options(users: Partial<TableFacts> = {}) {
  const facts = { tables: new Map([['public.users', { ...USERS, ...users }]]) };
  return { rules, severities: {}, version: 18, facts, live: DEFAULT_LIVE };
}

const scripts = (sql: string) => [parseScript('1.sql', BEFORE), parseScript('2.sql', sql)];

const findings = (sql: string, users?: Partial<TableFacts>) =>
  lint(scripts(sql), emptyCatalog(), options(users)).at(-1)?.findings ?? [];

describe('an estimate of what is written', () => {
  test('of an UPDATE of all rows: new rows at least, with entries in both indexes and images of pages at most', () => {
    const least = 100 * ROWS + 100 * MB;
    const most = (100 + 2 * 77) * ROWS + 240 * MB;
    expect(findings("UPDATE users SET name = 'x';")).toMatchObject([
      {
        rule: 'unbatched-write',
        message: expect.stringMatching(
          / \(2\.4 to 24 s for 1,000,000 rows and 195 MB to 482 MB of WAL at 20 to 80 MB\/s\)$/,
        ),
        estimate: {
          rows: [ROWS, ROWS],
          walBytes: [least, most],
          seconds: [2.44, 24.1],
          basis: '1,000,000 rows and 195 MB to 482 MB of WAL at 20 to 80 MB/s',
        },
      },
    ]);
  });

  test('of a DELETE that no key narrows down: up to all rows', () => {
    expect(findings("DELETE FROM users WHERE born < '1900-01-01';")).toMatchObject([
      {
        rule: 'unbatched-write',
        estimate: {
          rows: [0, ROWS],
          walBytes: [0, 59 * ROWS + 100 * MB],
          basis: 'up to 1,000,000 rows and up to 156 MB of WAL at 20 to 80 MB/s',
        },
      },
    ]);
  });

  test('of a DELETE of all rows, which stays the loss that it is', () => {
    const [finding] = findings('DELETE FROM users;').filter(({ rule }) => rule === 'delete-all-rows');
    expect(finding).toMatchObject({ severity: 'error', estimate: { rows: [ROWS, ROWS] } });
    expect(finding?.message).toContain('of WAL at 20 to 80 MB/s)');
  });

  test('is in explain at the table that is written', () => {
    const [, file] = analyse(scripts("UPDATE users SET name = 'x';"), emptyCatalog(), options());
    expect(file?.statements[0]?.live?.get('public.users')?.estimate).toMatchObject({ rows: [ROWS, ROWS] });
  });

  test.each([
    ['of rows that a key names', 'UPDATE users SET born = now() WHERE id = 5;', {}],
    ['where the rows are not known', 'UPDATE users SET born = now();', { rows: null }],
    ['where the size is not known', 'UPDATE users SET born = now();', { heapBytes: null }],
    ['of an empty table', 'UPDATE users SET born = now();', { rows: 0 }],
    ['of a table that the server does not have', 'UPDATE unseen SET id = id + 1;', {}],
    ['of an INSERT', 'INSERT INTO unseen SELECT id FROM users;', {}],
  ])('is not made %s', (_, sql, users) => {
    for (const finding of findings(sql, users)) expect(finding.estimate).toBeUndefined();
  });
});
