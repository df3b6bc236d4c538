import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { rules } from '../../rules/index.ts';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { sideOf } from '../../src/frameworks/arrange.ts';
import { liquibase } from '../../src/frameworks/liquibase.ts';
import { frameworks } from '../../src/frameworks/list.ts';
import { nodePgMigrate } from '../../src/frameworks/node-pg-migrate.ts';
import { prisma } from '../../src/frameworks/prisma.ts';
import { analyse } from '../../src/lint/engine.ts';
import { findFiles } from '../../src/migrate/discovery.ts';
import { readMigrations } from '../../src/migrate/read-migrations.ts';
import { detectTool } from '../../src/migrate/tool.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/frameworks/', import.meta.url));

interface Expected {
  /** The files in their order, each with its transaction; `!` where something in it cannot run there. */
  readonly up: readonly string[];
  /** What takes them back, the newest first. */
  readonly down: readonly string[];
  /** SQL there that is no migration. */
  readonly leftOut?: readonly string[];
}

const EXPECTED: Readonly<Record<string, Expected>> = {
  prisma: {
    up: [
      'prisma/migrations/20260101090000_users/migration.sql file',
      'prisma/migrations/20260102090000_note/migration.sql file!',
      'prisma/migrations/20260103090000_email/migration.sql statement',
    ],
    down: ['prisma/migrations/20260102090000_note/down.sql'],
  },
  drizzle: {
    up: ['drizzle/0000_users.sql file', 'drizzle/0001_orders.sql file', 'drizzle/0002_note.sql file!'],
    down: [],
  },
  supabase: {
    up: ['supabase/migrations/20261122215532_users.sql file', 'supabase/migrations/20261122215535_note.sql statement'],
    down: [],
  },
  hasura: {
    up: ['migrations/default/1767258000000_users/up.sql file', 'migrations/default/1767344400000_email/up.sql file!'],
    down: ['migrations/default/1767344400000_email/down.sql', 'migrations/default/1767258000000_users/down.sql'],
  },
  sqitch: {
    up: ['deploy/users.sql file', 'deploy/note@v1.sql file', 'deploy/email.sql none', 'deploy/note.sql file!'],
    down: ['revert/note.sql', 'revert/email.sql', 'revert/note@v1.sql', 'revert/users.sql'],
    leftOut: ['deploy/abandoned.sql'],
  },
  'graphile-migrate': {
    up: [
      'migrations/committed/000001-users.sql file',
      'migrations/committed/000002-users-email.sql statement',
      'migrations/current.sql file',
    ],
    down: [],
  },
  diesel: {
    up: [
      'migrations/00000000000000_diesel_initial_setup/up.sql file',
      'migrations/2026-01-01-090000_users/up.sql file',
      'migrations/2026-01-02-090000_email/up.sql statement',
      'migrations/2026-01-03-090000_note/up.sql file!',
    ],
    down: [
      'migrations/2026-01-03-090000_note/down.sql',
      'migrations/2026-01-02-090000_email/down.sql',
      'migrations/2026-01-01-090000_users/down.sql',
      'migrations/00000000000000_diesel_initial_setup/down.sql',
    ],
  },
  flyway: {
    up: [
      'sql/V1__users.sql file',
      'sql/V1.9__email.sql statement',
      'sql/V1.10__note.sql file!',
      'sql/V2__stale.sql none',
      'sql/R__user_emails.sql file',
    ],
    down: ['sql/U1.10__note.sql'],
  },
  liquibase: {
    up: ['changelog/users.sql file', 'changelog/later/a-email.sql statement!'],
    down: ['changelog/later/a-email.sql', 'changelog/users.sql'],
    leftOut: ['changelog/drafts/x.sql'],
  },
  'node-pg-migrate': {
    up: ['migrations/1795365964938_users.sql file', 'migrations/1795365968903_orders-total.sql file!'],
    down: ['migrations/1795365968903_orders-total.sql', 'migrations/1795365964938_users.sql'],
  },
  goose: {
    up: ['migrations/00001_users.sql file', 'migrations/00002_email.sql none', 'migrations/00003_note.sql file!'],
    down: ['migrations/00003_note.sql', 'migrations/00002_email.sql', 'migrations/00001_users.sql'],
  },
  dbmate: {
    up: [
      'db/migrations/20261122215457_users.sql file',
      'db/migrations/20261122215458_email.sql statement',
      'db/migrations/20261122215500_note.sql file!',
    ],
    down: [
      'db/migrations/20261122215500_note.sql',
      'db/migrations/20261122215458_email.sql',
      'db/migrations/20261122215457_users.sql',
    ],
  },
  sqlx: {
    up: [
      'migrations/9_users.up.sql file',
      'migrations/20260102090000_email.up.sql statement',
      'migrations/20260103090000_note.up.sql file!',
    ],
    down: [
      'migrations/20260103090000_note.down.sql',
      'migrations/20260102090000_email.down.sql',
      'migrations/9_users.down.sql',
    ],
  },
  'golang-migrate': {
    up: ['migrations/1_users.up.sql file', 'migrations/2_email.up.sql statement', 'migrations/10_note.up.sql file!'],
    down: ['migrations/10_note.down.sql', 'migrations/2_email.down.sql', 'migrations/1_users.down.sql'],
  },
  rails: { up: ['db/structure.sql none'], down: [] },
};

beforeAll(loadParser);

test('every tool that is known has a fixture and is looked at here', () => {
  const names = frameworks.map(({ name }) => name);
  expect(Object.keys(EXPECTED)).toEqual(names);
  expect(readdirSync(FIXTURES).sort()).toEqual([...names].sort());
});

test('docs/lint.md has what the tools say of themselves', () => {
  const rows = frameworks.map(
    ({ title, source, recognisedBy, order, transactions, downPart }) =>
      `| [${title}](${source}) | ${recognisedBy} | ${order} | ${transactions} | ${downPart} |`,
  );
  const page = readFileSync(new URL('../../docs/lint.md', import.meta.url), 'utf8');
  expect(page).toContain(
    [
      '| | recognised by | order | shares a transaction | down part |',
      '| --- | --- | --- | --- | --- |',
      ...rows,
      '',
    ].join('\n'),
  );
});

function read(name: string, side: 'up' | 'down') {
  const cwd = `${FIXTURES}${name}`;
  const detected = detectTool(cwd, [], 'auto');
  const found = findFiles(detected?.site.dirs ?? [name === 'dbmate' ? 'db/migrations' : 'migrations'], cwd);
  return readMigrations(found, { cwd, stdin: undefined, tool: detected, recognise: true, side });
}

describe.each(Object.entries(EXPECTED))('%s', (name, { up, down, leftOut = [] }) => {
  test('is recognised, without any configuration of ours', () => {
    expect(read(name, 'up').tool?.framework.name).toBe(name);
  });

  test('has its order, its transactions, and what is no migration', () => {
    const read_ = read(name, 'up');
    const scripts = read_.files.map(({ path, text, run }) => ({
      ...parseScript(path, text),
      ...(run === undefined ? {} : { run }),
    }));
    const analysed = analyse(scripts, emptyCatalog(), { rules, severities: {}, version: 18 });
    const shown = analysed.map(({ script, transaction, findings }) => {
      const isRefused = findings.some(({ rule }) => rule === 'concurrently-in-transaction');
      return `${script.source.path} ${transaction}${isRefused ? '!' : ''}`;
    });
    expect(shown).toEqual(up);
    expect(analysed.flatMap(({ script }) => script.faults)).toEqual([]);
    expect(read_.leftOut).toEqual(leftOut);
  });

  test('has its down parts, which parse and stand at the lines of the file', () => {
    const { files } = read(name, 'down');
    expect(files.map(({ path }) => path)).toEqual(down);
    for (const { path, text } of files) {
      const { faults, statements } = parseScript(path, text);
      expect(faults, path).toEqual([]);
      expect(statements.length, path).toBeGreaterThan(0);
    }
  });
});

test.each(['dbms:postgresql', 'dbms:h2,postgresql', 'dbms:"h2, postgresql"', 'dbms:h2, postgresql', 'dbms:!mysql'])(
  'a changeset of Liquibase with %s is read',
  (databases) => {
    const text = `--liquibase formatted sql\n--changeset bob:1 ${databases} runAlways:true\nDROP TABLE a;\n`;
    expect(liquibase.blank?.(text)).toBe(text);
    const others = text.replaceAll('postgresql', 'mssql').replace('!', '');
    expect(liquibase.blank?.(others)).not.toContain('DROP');
  },
);

test.each([
  [prisma, false],
  [nodePgMigrate, true],
])('down sections in words are those of node-pg-migrate alone', (framework, isRead) => {
  const text = '-- Up Migration\nSELECT 1;\n-- Down Migration\nDROP TABLE a;\n';
  expect(sideOf(text, { kind: 'migration' }, 'up', framework)?.includes('DROP')).toBe(!isRead);
});
