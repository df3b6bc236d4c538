import { beforeAll, expect, test } from 'vitest';
import { checksum } from '../../src/migrate/checksum.ts';
import type { LedgerRow } from '../../src/migrate/ledger.ts';
import { isOpen, plan, upTo } from '../../src/migrate/plan.ts';
import { type OutOfOrderPolicy, preflight } from '../../src/migrate/preflight.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';
import { ledgerRow } from './ledger-row.ts';
import { migrations } from './support.ts';

beforeAll(loadParser);

interface Given {
  readonly files: Readonly<Record<string, string>>;
  readonly rows?: readonly LedgerRow[];
  readonly backfills?: readonly string[];
  readonly outOfOrder?: OutOfOrderPolicy;
  readonly to?: string;
}

function check({ files, rows = [], backfills = [], outOfOrder = 'refuse', to }: Given) {
  const found = migrations(files);
  const entries = plan(found, rows, ({ text }) => checksum(text));
  const { refused, warnings } = preflight({
    entries,
    open: upTo(entries, to).filter(isOpen),
    scripts: new Map(found.map(({ name, path, text }) => [name, parseScript(path, text, {})])),
    backfills,
    outOfOrder,
    maxCapMs: 60_000,
  });
  const { reason, exitCode, message, advice, failure } = refused ?? {};
  return { reason, exitCode, message, advice, failure, warnings };
}

const applied = (name: string) => ledgerRow(name, 'done', checksum('SELECT 1'));
const one = 'SELECT 1';

test('a migration may require one that comes before it, an applied one, and a backfill that only the database knows', () => {
  const files = {
    '1_a.sql': one,
    '2_b.sql': '-- tiptoe:requires 1_a\n-- tiptoe:requires 1, 2026_fill: it reads what that fills\nSELECT 1',
  };
  expect(check({ files, backfills: ['2026_fill'] }).reason).toBeUndefined();
  const later = { '1_a.sql': '-- tiptoe:requires 2_b.sql\nSELECT 1', '2_b.sql': one };
  expect(check({ files: later, rows: [applied('2_b')], outOfOrder: 'allow' }).reason).toBeUndefined();
});

test.each([
  ['unknown, and near', '-- tiptoe:requires 1_ab', 'There is no migration or backfill 1_ab.', 'Did you mean 1_a?'],
  [
    'unknown',
    '-- tiptoe:requires tracking',
    'There is no migration or backfill tracking.',
    'Name one as tiptoe status',
  ],
  ['no name', '-- tiptoe:requires', 'tiptoe:requires names no migration', 'Write -- tiptoe:requires NAME'],
  [
    'one name missing',
    '-- tiptoe:requires 1_a,',
    'tiptoe:requires names no migration',
    'Write -- tiptoe:requires NAME',
  ],
  ['itself', '-- tiptoe:requires 2_b', '2_b requires itself.', 'rename one'],
  ['a later one', '-- tiptoe:requires 4_d', '2_b requires 4_d, which comes after it.', 'rename one'],
  ['one another', '-- tiptoe:requires 3_c', '2_b and 3_c require each other.', 'rename one'],
])('a requirement that cannot be met is found before anything is run: %s', (_, comment, message, hint) => {
  const files = {
    '1_a.sql': one,
    '2_b.sql': `SELECT 1;\n  ${comment}\nSELECT 2;`,
    '3_c.sql': '-- tiptoe:requires 2_b\nSELECT 1',
    '4_d.sql': one,
  };
  const { reason, exitCode, failure } = check({ files });
  expect({ reason, exitCode }).toEqual({ reason: 'requirement', exitCode: 1 });
  expect(failure).toMatchObject({ path: '2_b.sql', line: 2, column: 3, statement: 1 });
  expect(failure?.message).toContain(message);
  expect(failure?.hint).toContain(hint);
});

test('what has been applied, and what is not to be run yet, may require anything', () => {
  const files = { '1_a.sql': '-- tiptoe:requires nothing_known\nSELECT 1', '2_b.sql': one };
  const rows = [ledgerRow('1_a', 'done', checksum(files['1_a.sql']))];
  expect(check({ files, rows }).reason).toBeUndefined();
  expect(check({ files: { '1_a.sql': one, '2_b.sql': files['1_a.sql'] }, to: '1_a' }).reason).toBeUndefined();
});

test('out of order: refused, run with a warning, or run', () => {
  const given = { files: { '1_a.sql': one, '2_b.sql': one, '3_c.sql': one }, rows: [applied('3_c')] };
  const refused = check(given);
  expect(refused).toMatchObject({ reason: 'out-of-order', exitCode: 1 });
  expect(refused.message).toBe(
    '1_a.sql comes before 3_c, which is applied already, and so do 1 more; nothing was applied.',
  );
  expect(refused.advice).toContain('--out-of-order warn');
  const warned = check({ ...given, outOfOrder: 'warn' });
  expect(warned.reason).toBeUndefined();
  expect(warned.warnings.map(({ path }) => path)).toEqual(['1_a.sql', '2_b.sql']);
  expect(check({ ...given, outOfOrder: 'allow' })).toMatchObject({ reason: undefined, warnings: [] });
});

test('out of order counts up to --to, and lets what has begun go on', () => {
  const files = { '1_a.sql': one, '2_b.sql': one, '3_c.sql': one };
  expect(check({ files, rows: [applied('1_a'), applied('3_c')], to: '1_a' }).reason).toBeUndefined();
  const rows = [applied('1_a'), ledgerRow('2_b', 'half-done'), applied('3_c')];
  expect(check({ files, rows }).reason).toBeUndefined();
});

test('--to takes a name, a file name, a path or a version; a near miss is named', () => {
  const entries = plan(migrations({ '001_a.sql': one, '002_fill.backfill.sql': one, '003_c.sql': one }), [], () => '');
  for (const to of ['002_fill', '002_fill.sql', '002_fill.backfill.sql', '2', '0002'])
    expect(upTo(entries, to).map(({ name }) => name)).toEqual(['001_a', '002_fill']);
  expect(() => upTo(entries, '002_fil')).toThrow('There is no migration 002_fil.');
  expect(() => upTo(entries, '002_fil')).toThrow(
    expect.objectContaining({ advice: 'Did you mean 002_fill?' }) as Error,
  );
});

test.each([
  ['-- tiptoe:cap 20s', 'tiptoe:cap needs a reason.', '-- tiptoe:cap 20s: why'],
  ['-- tiptoe:cap 20s:', 'tiptoe:cap needs a reason.', '-- tiptoe:cap 20s: why'],
  ['-- tiptoe:cap twenty: it is small', "tiptoe:cap takes a time such as 20s, not 'twenty'.", '-- tiptoe:cap 20s: why'],
  ['-- tiptoe:cap 0s: off', "tiptoe:cap takes a time such as 20s, not '0s'.", '-- tiptoe:cap 20s: why'],
  ['-- tiptoe:cap : it is small', 'tiptoe:cap names no time.', '-- tiptoe:cap 20s: why'],
  ['-- tiptoe:cap 2min: it is night', 'A cap of 2 min is longer than the 1 min that a file may ask for.', '--max-cap'],
  ['-- tiptoe:cap 25h: it is night', 'tiptoe:cap takes at most 24h.', '-- tiptoe:cap 20s: why'],
])('%s is refused before anything is run', (comment, message, hint) => {
  expect(check({ files: { '1_a.sql': one, '2_b.sql': `SELECT 1;\n${comment}\nSELECT 2` } })).toMatchObject({
    reason: 'bad-cap',
    exitCode: 1,
    message: '2_b.sql asks for a cap that it cannot have; nothing was applied.',
    failure: { path: '2_b.sql', line: 2, column: 1, message, hint: expect.stringContaining(hint) as unknown },
  });
});

test('two caps in one file are one too many, and the second is shown', () => {
  const text = '-- tiptoe:cap 20s: it is small\n-- tiptoe:cap 1s: it is large\nSELECT 1';
  expect(check({ files: { '1_a.sql': text } })).toMatchObject({
    reason: 'bad-cap',
    failure: { line: 2, message: 'tiptoe:cap is there twice.' },
  });
});
