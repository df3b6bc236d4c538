import { readdirSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { checks } from '../../src/audit/all-checks.ts';
import { type AuditContext, type Check, DEFAULT_AUDIT_SETTINGS } from '../../src/audit/check.ts';
import { withoutIgnored } from '../../src/audit/audit.ts';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { DEFAULT_SETTINGS } from '../../src/lint/settings.ts';
import { budgetOf, namedBudgets, writeBudgets } from '../../src/lint/write-budgets.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

const CONTEXT: AuditContext = {
  version: 18,
  database: 'app',
  user: 'audit',
  isStandby: false,
  standbys: 0,
  countingSince: '2026-01-01T00:00:00Z',
  countingSeconds: 86_400 * 30,
  defaults: {},
  schema: 'tiptoe',
  ledger: 'absent',
  settings: DEFAULT_AUDIT_SETTINGS,
  budgets: { made: [], named: {} },
};

function check(name: string): Check {
  const found = checks.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no check ${name}`);
  return found;
}

const judge = (name: string, rows: readonly object[], context: Partial<AuditContext> = {}) =>
  check(name).judge(rows, { ...CONTEXT, ...context }, null);

test('every check has a file of its name, and is in the list once', () => {
  const files = readdirSync(new URL('../../src/audit/checks/', import.meta.url)).map((file) => file.replace('.ts', ''));
  expect(checks.map(({ name }) => name).toSorted()).toEqual(files.toSorted());
});

describe('key-running-out', () => {
  const KEY = {
    schema: 'public',
    table: 'orders',
    column: 'id',
    type: 'integer',
    sequenceSchema: 'public',
    sequence: 'orders_id_seq',
    visible: true,
    cycles: false,
    last: '1000000000',
    limit: '2147483647',
    percent: '46.6',
    narrow: null,
    narrowType: null,
    perDay: '20000000',
    daysLeft: '57',
    fullOn: '2026-03-01',
  };

  test('a key that will be full soon is an error with its date, however much is left', () => {
    expect(judge('key-running-out', [KEY])).toMatchObject([
      { severity: 'error', message: expect.stringContaining('20,000,000 a day (inserts since 2026-01-01T00:00:00Z)') },
    ]);
    expect(judge('key-running-out', [KEY])).toMatchObject([
      { message: expect.stringContaining('2026-03-01, in 57 days') },
    ]);
  });

  test('a rate of minutes is none, and a key that is far from full is fine', () => {
    expect(judge('key-running-out', [KEY], { countingSeconds: 600 })).toEqual([]);
    expect(judge('key-running-out', [{ ...KEY, daysLeft: '900' }])).toEqual([]);
    expect(judge('key-running-out', [{ ...KEY, percent: '99', last: null }])).toEqual([]);
    expect(judge('key-running-out', [{ ...KEY, percent: '99', cycles: true }])).toEqual([]);
  });
});

describe('wraparound-age', () => {
  const TABLE = { schema: 'public', table: 't', xidLimit: '200000000', multixactLimit: '400000000', multixacts: '0' };

  test('late is twice the limit; from the failsafe on it is an error', () => {
    expect(judge('wraparound-age', [{ ...TABLE, xids: '390000000' }])).toEqual([]);
    expect(judge('wraparound-age', [{ ...TABLE, xids: '410000000' }])).toMatchObject([{ severity: 'warning' }]);
    expect(judge('wraparound-age', [{ ...TABLE, xids: '1700000000' }])).toMatchObject([{ severity: 'error' }]);
    expect(judge('wraparound-age', [{ ...TABLE, xids: '0', multixacts: '900000000' }])).toMatchObject([
      { message: expect.stringContaining('900,000,000 multixacts') },
    ]);
  });
});

describe('replication-slot-holds-wal', () => {
  const SLOT = {
    name: 's',
    kind: 'logical',
    active: true,
    status: 'reserved',
    retained: '1000',
    safe: null,
    xminAge: '5',
    inactiveSince: null,
    invalidation: null,
  };

  test.each([
    ['a slot that is read is fine', {}, []],
    ['one that lags far behind', { retained: '9999999999' }, ['error']],
    ['one that nobody reads', { active: false }, ['warning']],
    ['one that nobody reads and that reserves nothing', { active: false, retained: null, xminAge: null }, []],
    ['one that is lost', { status: 'lost', retained: null }, ['error']],
    ['one that is about to be', { status: 'unreserved' }, ['error']],
    ['one that was invalidated', { invalidation: 'idle_timeout' }, ['error']],
  ])('%s', (_, slot, severities) => {
    const found = judge('replication-slot-holds-wal', [{ ...SLOT, ...slot }]);
    expect(found.map((finding) => (finding.kind === 'found' ? finding.severity : finding.kind))).toEqual(severities);
  });
});

describe('role-timeout-missing', () => {
  const rows = (values: Readonly<Record<string, string | null>>) =>
    Object.entries(values).map(([timeout, value]) => ({ role: 'app', timeout, value }));
  const NONE = { statement_timeout: null, idle_in_transaction_session_timeout: null, lock_timeout: null };
  const SERVER = {
    statement_timeout: '0',
    idle_in_transaction_session_timeout: '0',
    lock_timeout: '0',
    transaction_timeout: '0',
  };

  test('what the server sets is enough, and zero is none, in any unit', () => {
    expect(
      judge('role-timeout-missing', rows(NONE), { defaults: { ...SERVER, statement_timeout: '30000' } }),
    ).toMatchObject([{ message: 'the role app has no idle_in_transaction_session_timeout and lock_timeout in app' }]);
    const zero = { statement_timeout: '0ms', idle_in_transaction_session_timeout: '0', lock_timeout: ' 0 s' };
    const defaults = { statement_timeout: '1', idle_in_transaction_session_timeout: '1', lock_timeout: '1' };
    expect(judge('role-timeout-missing', rows(zero), { defaults })).toMatchObject([
      { message: expect.stringContaining('statement_timeout, idle_in_transaction_session_timeout and lock_timeout') },
    ]);
  });

  test('a transaction_timeout bounds statements and idle transactions, and no wait for a lock', () => {
    expect(
      judge('role-timeout-missing', rows({ ...NONE, transaction_timeout: '1min' }), { defaults: SERVER }),
    ).toMatchObject([{ message: 'the role app has no lock_timeout in app' }]);
  });
});

describe('ignored findings', () => {
  const finding = {
    rule: 'unused-index',
    category: 'load' as const,
    severity: 'warning' as const,
    object: 'public.import_2026.a+b',
    relation: null,
    message: '',
    why: '',
    look: '',
    instead: '',
  };
  const sort = (object: string, rule = 'unused-index') =>
    withoutIgnored([finding], [{ check: rule, object, reason: 'r' }], new Set(['unused-index']));

  test('by name, or with *; a dot is a dot; stale only where the check was run', () => {
    expect(sort('public.import_2026.a+b')).toMatchObject({ findings: [], suppressed: [{ reason: 'r' }], stale: [] });
    expect(sort('public.import_*')).toMatchObject({ findings: [] });
    expect(sort('public?import_*')).toMatchObject({ findings: [finding], stale: [{ object: 'public?import_*' }] });
    expect(sort('import')).toMatchObject({ findings: [finding] });
    expect(sort('x', 'covered-index')).toMatchObject({ stale: [] });
  });
});

describe('write budgets', () => {
  const read = (sql: string, newTables: Partial<typeof DEFAULT_SETTINGS.newTables> = {}) => {
    const settings = { newTables: { ...DEFAULT_SETTINGS.newTables, ...newTables } };
    const made = writeBudgets([parseScript('1.sql', sql)], emptyCatalog(), settings);
    return { made, named: namedBudgets(settings) };
  };

  test('a declared rate is the budget, else the one of the config for new tables', () => {
    const budgets = read(
      '-- tiptoe:writes 60/min: reason\nCREATE TABLE a (id int);\nCREATE TABLE s.b (id int);\nCREATE TEMP TABLE c (id int);',
      { maxWritesPerSecond: 5 },
    );
    expect(budgetOf(budgets, 'public', 'a')).toMatchObject({
      perSecond: 1,
      said: '60/min, which is 1/s declared in 1.sql',
    });
    expect(budgetOf(budgets, 's', 'b')).toMatchObject({ perSecond: 5 });
    expect(budgetOf(budgets, 'pg_temp', 'c')).toBeUndefined();
    expect(budgetOf(budgets, 'public', 'elsewhere')).toBeUndefined();
  });

  test('it follows a table that is renamed or moved, and the search path', () => {
    const budgets = read(
      'SET search_path = app;\n-- tiptoe:writes 1/s: reason\nCREATE TABLE a (id int);\nALTER TABLE a RENAME TO b;\nALTER TABLE b SET SCHEMA old;',
    );
    expect(budgets.made).toMatchObject([{ schema: 'old', name: 'b', perSecond: 1 }]);
  });

  test('tables that the config names have theirs, whoever made them', () => {
    const budgets = read('', { tables: { 'app.x': { maxWritesPerSecond: 7 }, y: { maxWritesPerSecond: 8 }, z: {} } });
    expect(budgetOf(budgets, 'app', 'x')?.perSecond).toBe(7);
    expect(budgetOf(budgets, 'any', 'y')?.perSecond).toBe(8);
    expect(budgetOf(budgets, 'any', 'z')).toBeUndefined();
  });
});
