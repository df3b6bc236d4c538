import sarifSchema from '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json' with { type: 'json' };
import Ajv from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { SaxesParser } from 'saxes';
import { describe, expect, test } from 'vitest';
import { checks } from '../../src/audit/all-checks.ts';
import type { AuditFinding } from '../../src/audit/audit.ts';
import { notChecked } from '../../src/audit/checks/not-checked.ts';
import { AUDIT_FORMATS } from '../../src/report/audit-formats.ts';
import type { AuditReport } from '../../src/report/audit-report.ts';
import { FORMATS, type FormatName, isFormatName } from '../../src/report/formats.ts';
import { plainStyle } from '../../src/report/style.ts';

const CHECKS = checks.filter((check) => check !== notChecked);
const NAMES = Object.keys(FORMATS).filter(isFormatName);

const FOUND: AuditFinding = {
  rule: 'unused-index',
  category: 'load',
  severity: 'warning',
  object: 'public.idle',
  relation: 'public.orders',
  message: 'no scan of public.idle',
  why: 'it costs',
  look: 'SELECT 1;',
  instead: 'DROP INDEX CONCURRENTLY public.idle;',
};

const HOSTILE_TEXT = `"x\n::error file=a::b\r::debug::c ##[add-mask]d ##vso[task]e <img src=x>]]>&amp; @admin \`\`\` \u202E\u0085 [a](https://evil.example)`;
const HOSTILE: AuditFinding = {
  ...FOUND,
  rule: 'invalid-index',
  severity: 'error',
  object: HOSTILE_TEXT,
  message: HOSTILE_TEXT,
  look: HOSTILE_TEXT,
  instead: HOSTILE_TEXT,
};

async function rendered(
  format: FormatName,
  findings: readonly AuditFinding[],
  given: Partial<AuditReport> = {},
): Promise<string> {
  const render = await AUDIT_FORMATS[format]();
  return render({
    findings,
    suppressed: [{ finding: FOUND, reason: 'rare' }],
    stale: [],
    path: 'db.example.com:5432/app',
    version: 18,
    checks: CHECKS,
    teller: notChecked,
    toolVersion: '1.2.3',
    fails: ({ severity }) => severity === 'error',
    style: plainStyle,
    room: { unit: 'characters', size: 65_536 },
    ...given,
  });
}

/** The names and attributes of elements; throws where the text is not well formed. */
function readXml(text: string): { name: string; attributes: Record<string, string> }[] {
  const parser = new SaxesParser();
  const read: ReturnType<typeof readXml> = [];
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => read.push({ name, attributes }));
  parser.write(text).close();
  return read;
}

describe('sarif', () => {
  const validate = addFormats.default(new Ajv.default({ strict: false, unicodeRegExp: false })).compile(sarifSchema);

  test.each([[[]], [[FOUND]], [[FOUND, HOSTILE]]])('is what the official schema wants (%#)', async (findings) => {
    validate(JSON.parse(await rendered('sarif', findings)));
    expect(validate.errors ?? []).toEqual([]);
  });

  test('a finding is at an object of a database, and its fingerprint stays the same when its figures change', async () => {
    const read = async (finding: AuditFinding) => JSON.parse(await rendered('sarif', [finding])).runs[0].results[0];
    const result = await read(FOUND);
    expect(result).toMatchObject({
      ruleId: 'unused-index',
      level: 'warning',
      locations: [
        {
          logicalLocations: [{ name: 'public.idle', fullyQualifiedName: 'db.example.com:5432/app/public.idle' }],
        },
      ],
    });
    const later = await read({ ...FOUND, message: 'no scan of public.idle, 2 GB' });
    expect(later.partialFingerprints).toEqual(result.partialFingerprints);
    expect((await read({ ...FOUND, object: 'public.other' })).partialFingerprints).not.toEqual(
      result.partialFingerprints,
    );
  });
});

describe.each(NAMES)('%s', (format) => {
  test('no text of the server is a command for a CI system, or moves the cursor', async () => {
    const text = await rendered(format, [HOSTILE, FOUND]);
    const commands = text.split(/\r\n|\n|\r/).filter((line) => /^[\s\p{Cc}\p{Cf}\p{M}]*::/u.test(line));
    expect(commands.map((line) => line.slice(0, 8))).toEqual(format === 'github' ? ['::error ', '::warnin'] : []);
    // GitHub reads the rest of an annotation as its text; in documents for programs every character stands as it is.
    const others = format === 'github' ? null : /##\w*\[/.exec(text);
    const moves = ['json', 'sarif', 'gitlab'].includes(format) ? null : /[\u202E\u0085]/.exec(text);
    expect([others, moves]).toEqual([null, null]);
  });
});

test('junit: what a check could not see is a test as well', async () => {
  const elements = readXml(await rendered('junit', [{ ...FOUND, rule: 'not-checked' }]));
  expect(elements.filter(({ name }) => name === 'testcase')).toHaveLength(CHECKS.length + 1);
});

test('junit: a test for each check, and one that fails for each finding that does', async () => {
  const elements = readXml(await rendered('junit', [FOUND, HOSTILE]));
  expect(elements.filter(({ name }) => name === 'testcase')).toHaveLength(CHECKS.length);
  expect(elements.filter(({ name }) => name === 'failure')).toHaveLength(1);
  expect(elements.find(({ name }) => name === 'testsuite')?.attributes).toMatchObject({
    name: 'db.example.com:5432/app',
    failures: '1',
  });
});

test('checkstyle: the server stands in the place of a file', async () => {
  const [, file, error] = readXml(await rendered('checkstyle', [HOSTILE, FOUND]));
  expect(file?.attributes).toEqual({ name: 'db.example.com:5432/app' });
  expect(error?.attributes).toMatchObject({ severity: 'error', source: 'tiptoe.invalid-index' });
  expect(readXml(await rendered('checkstyle', []))).toHaveLength(1);
});

test('gitlab: a path, a line and a fingerprint', async () => {
  expect(JSON.parse(await rendered('gitlab', [FOUND]))).toMatchObject([
    {
      check_name: 'unused-index',
      severity: 'minor',
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      location: { path: 'db.example.com:5432/app', lines: { begin: 1 } },
    },
  ]);
});

test('compact: one line a finding', async () => {
  expect(await rendered('compact', [FOUND])).toBe(
    'db.example.com:5432/app: public.idle: warning: no scan of public.idle [unused-index]\n',
  );
});

test('markdown keeps to its room: errors last to go, the rest counted', async () => {
  const many = Array.from({ length: 50 }, () => FOUND);
  const text = await rendered('markdown', [...many, { ...HOSTILE, object: 'kept' }], {
    room: { unit: 'characters', size: 4_000 },
  });
  expect(text.length).toBeLessThanOrEqual(4_000);
  expect(text).toContain('`kept`');
  expect(text).toMatch(/\d+ warnings more\*\*, left out for want of room: `tiptoe audit` shows all/);
});

test('pretty: what a check is about is said once', async () => {
  const text = await rendered('pretty', [FOUND, { ...FOUND, object: 'public.two', message: 'two' }]);
  expect(text.split('it costs')).toHaveLength(2);
  expect(text).toContain('unused-index  load, 2 findings');
  expect(text).toContain('! 2 warnings in db.example.com:5432/app, by 16 checks, 1 suppressed');
});
