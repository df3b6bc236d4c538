import Ajv from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import sarifSchema from '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json' with { type: 'json' };
import { SaxesParser } from 'saxes';
import { beforeAll, describe, expect, test } from 'vitest';
import { rules } from '../../rules/index.ts';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { analyse, lint } from '../../src/lint/engine.ts';
import { explainPretty } from '../../src/report/explain-pretty.ts';
import { FORMATS, type FormatName, isFormatName } from '../../src/report/formats.ts';
import type { LintReport } from '../../src/report/lint-report.ts';
import { plainStyle } from '../../src/report/style.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';
import { wrap } from '../../src/terminal/wrap.ts';

beforeAll(loadParser);

const NAMES = Object.keys(FORMATS).filter(isFormatName);

type Files = Readonly<Record<string, string>>;

const FILES: Files = {
  'db/001_orders.sql': 'CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);\n',
  'db/002 index.sql': '-- the index\n\n  CREATE INDEX orders_total\n    ON orders (total);\nDROP TABLE orders;\n',
};

async function rendered(format: FormatName, files: Files = FILES, given: Partial<LintReport> = {}): Promise<string> {
  const scripts = Object.entries(files).map(([path, text]) => parseScript(path, text));
  const report: LintReport = {
    files: lint(scripts, emptyCatalog(), { rules, severities: {}, version: 18 }),
    version: 18,
    rules,
    toolVersion: '1.2.3',
    fails: ({ severity }) => severity === 'error',
    repositoryPath: (path) => path,
    style: plainStyle,
    width: 120,
    room: { unit: 'characters', size: 65_536 },
    scope: {},
    ...given,
  };
  return (await FORMATS[format].load())(report);
}

/** What an XML parser reads: names, attributes and texts; it throws where the document is not well formed. */
function readXml(text: string): { name: string; attributes: Record<string, string>; text: string }[] {
  const parser = new SaxesParser();
  const read: ReturnType<typeof readXml> = [];
  const open: ReturnType<typeof readXml> = [];
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const element = { name, attributes, text: '' };
    open.push(element);
    read.push(element);
  });
  parser.on('text', (content) => {
    const element = open.at(-1);
    if (element !== undefined) element.text += content;
  });
  parser.on('closetag', () => open.pop());
  parser.write(text).close();
  return read;
}

describe('sarif', () => {
  // One of its patterns is none in Unicode mode.
  const validate = addFormats.default(new Ajv.default({ strict: false, unicodeRegExp: false })).compile(sarifSchema);

  const expectValid = (document: unknown): void => {
    validate(document);
    expect(validate.errors ?? []).toEqual([]);
  };

  test('is what the official schema wants, with findings and without', async () => {
    expectValid(JSON.parse(await rendered('sarif')));
    expectValid(JSON.parse(await rendered('sarif', { '1.sql': 'CREATE TABLE t (id bigint PRIMARY KEY);' })));
    expectValid(JSON.parse(await rendered('sarif', HOSTILE)));
  });

  test('the schema refuses what is none', () => {
    expect(validate({ version: '2.1.0', runs: [{ results: [] }] })).toBe(false);
  });

  test('says where in the repository, and what the rule is about', async () => {
    const [run] = JSON.parse(await rendered('sarif', FILES, { repositoryPath: (path) => `api/${path}` })).runs;
    const result = run.results.find(({ ruleId }: { ruleId: string }) => ruleId === 'create-index-blocking');
    expect(result).toMatchObject({
      level: 'error',
      message: { text: expect.stringContaining('CONCURRENTLY') },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'api/db/002%20index.sql', uriBaseId: '%SRCROOT%' },
            region: { startLine: 3, startColumn: 3, endLine: 4, endColumn: 22 },
          },
        },
      ],
      partialFingerprints: { 'tiptoeStatement/v1': expect.stringMatching(/^[0-9a-f]{16}$/) },
    });
    const rule = run.tool.driver.rules[result.ruleIndex];
    expect(rule).toMatchObject({ id: 'create-index-blocking', defaultConfiguration: { level: 'error' } });
    expect(rule.help.markdown).toContain('```sql\n');
  });

  test('a path outside of the repository is a URI as well', async () => {
    const uris = await Promise.all(
      ['/tmp/x y.sql', 'C:/x.sql'].map(async (path) => {
        const sarif = JSON.parse(await rendered('sarif', { [path]: 'DROP TABLE t;' }));
        return sarif.runs[0].results[0].locations[0].physicalLocation.artifactLocation;
      }),
    );
    expect(uris).toEqual([{ uri: 'file:///tmp/x%20y.sql' }, { uri: 'file:///C:/x.sql' }]);
  });
});

/** Text that would be a command, a link, markup or an attribute of its own. */
const HOSTILE: Files = {
  '::add-mask::x,line=9%0A::set-env name=A::b.sql': [
    'CREATE TABLE "::stop-commands::x" ("##[add-mask]a" int PRIMARY KEY);',
    'CREATE INDEX i ON "%0A::warning::x ##[error]" (a);',
    `DROP TABLE "a\n::error file=b::c\r::debug::d", "<img src=x onerror=y>]]>&amp;", "@admin #1 [a](https://evil.example)";`,
    'DROP TABLE "```\n::error::x", "##vso[task.setvariable variable=a]b", "##teamcity[message]", "\u202Eabc\u0085::error::";',
    '::error::this is no SQL ##[endgroup];',
    '-- tiptoe-disable-next-statement no::such##[rule]: ::error::x\nDROP TABLE "\u200B::notice::x";',
    '-- tiptoe:::error::x\nSELECT 1;',
  ].join('\n'),
};

/** What GitHub's runner makes of a line, and Azure's and TeamCity's. https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs */
function commandsIn(text: string): { name: string; properties: string; data: string }[] {
  return text.split(/\r\n|\n|\r/).flatMap((line) => {
    const [, name = '', properties = '', data = ''] =
      /^[\s\p{Cc}\p{Cf}\p{M}]*::(\S*?)(?: (.*?))?::(.*)$/u.exec(line) ?? [];
    if (name !== '') return [{ name, properties, data }];
    const [, other] = /##(\w*\[[^\]]*)/.exec(line) ?? [];
    return other === undefined ? [] : [{ name: other, properties: '', data: '' }];
  });
}

function decoded(text: string): string {
  return text
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%25', '%');
}

describe('no command of a CI system gets through from a migration', () => {
  test.each(NAMES.filter((name) => name !== 'github'))('in %s', async (name) => {
    expect(commandsIn(await rendered(name, HOSTILE))).toEqual([]);
    expect(commandsIn(await rendered(name, HOSTILE, { width: 30 }))).toEqual([]);
  });

  test('in explain', () => {
    const scripts = Object.entries(HOSTILE).map(([path, text]) => parseScript(path, text));
    const files = analyse(scripts, emptyCatalog(), { rules, severities: {}, version: 18 });
    expect(commandsIn(explainPretty(files, plainStyle))).toEqual([]);
  });

  test('in github, where there are only ours, one a finding', async () => {
    const text = await rendered('github', HOSTILE);
    const commands = commandsIn(text);
    const { files } = JSON.parse(await rendered('json', HOSTILE));
    expect(commands.map(({ name }) => name)).toEqual(
      files[0].findings.map(({ severity }: { severity: string }) => severity),
    );
    expect(text.split('\n')).toHaveLength(commands.length + 1);
    for (const { properties } of commands) {
      const named = properties.split(',').map((property) => property.split('=')[0]);
      expect(named.filter((name) => !['col', 'endColumn'].includes(name ?? ''))).toEqual([
        'file',
        'line',
        'endLine',
        'title',
      ]);
      const file = /^file=([^,]*)/.exec(properties)?.[1] ?? '';
      expect(decoded(file)).toBe('::add-mask::x,line=9%0A::set-env name=A::b.sql');
    }
  });

  test('JSON says what it said', async () => {
    const { files } = JSON.parse(await rendered('json', HOSTILE));
    const messages = files[0].findings.map(({ message }: { message: string }) => message).join('\n');
    expect(messages).toContain('##vso[task.setvariable variable=a]b');
  });
});

describe('markdown', () => {
  test('shows text as it is: no markup, no link, no mention', async () => {
    const text = await rendered('markdown', HOSTILE);
    const prose = text.replaceAll(/^(`{3,})sql\n[\s\S]*?\n\1$/gm, '').replaceAll(/(`+)[^`][\s\S]*?\1/g, '');
    expect(prose).not.toContain('<img');
    expect(prose).not.toContain('](http');
    expect(prose).not.toContain('@admin');
    expect(prose).toContain('&lt;img src=x onerror=y&gt;');
  });

  const many: Files = {
    'many.sql': Array.from({ length: 4_000 }, (_, n) => `DROP TABLE "täble ${n}";`).join('\n'),
  };

  test.each([
    ['characters', 65_536],
    ['bytes', 1024 * 1024],
    ['bytes', 5_000],
  ] as const)('fits into the room, in %s: %i', async (unit, size) => {
    const text = await rendered('markdown', many, { room: { unit, size } });
    const has = unit === 'bytes' ? Buffer.byteLength(text) : text.length;
    expect(has).toBeLessThanOrEqual(size);
    expect(has).toBeGreaterThan(size * 0.8);
    const shown = [...text.matchAll(/^#### /gm)].length;
    const left = Number(/\*\*(\d+) (?:error|warning)s? more\*\*/.exec(text)?.[1]);
    const { summary } = JSON.parse(await rendered('json', many));
    expect(shown + left).toBe(summary.errors + summary.warnings);
  });

  test('errors are the last to be left out', async () => {
    const file = Array.from({ length: 50 }, (_, n) => `UPDATE t SET a = ${n};`).join('\n');
    const files = { '1.sql': 'CREATE TABLE t (id bigint PRIMARY KEY, a int);', '2.sql': `${file}\nDROP TABLE t;` };
    const { summary } = JSON.parse(await rendered('json', files));
    const text = await rendered('markdown', files, { room: { unit: 'characters', size: 4_000 } });
    expect(text.split('❌ `')).toHaveLength(1 + summary.errors);
    expect(text).toMatch(/\*\*\d+ warnings more\*\*/);
  });

  test('one statement of megabytes leaves room for what is found', async () => {
    const text = await rendered('markdown', { 'x.sql': `DROP TABLE a /* ${'a, '.repeat(500_000)} */;` });
    expect(text.length).toBeLessThan(10_000);
  });
});

describe('xml', () => {
  test('junit: a test a finding, failed where it fails the run', async () => {
    const elements = readXml(await rendered('junit'));
    const { summary } = JSON.parse(await rendered('json'));
    const [root] = elements;
    const count = (name: string) => elements.filter((element) => element.name === name).length;
    expect(root).toMatchObject({ name: 'testsuites', attributes: { failures: String(summary.errors) } });
    expect([count('testsuite'), count('failure')]).toEqual([2, summary.errors]);
    expect(count('testcase')).toBe(Number(root?.attributes['tests']));
    const none = readXml(await rendered('junit', FILES, { fails: () => false }));
    expect(none.filter(({ name }) => name === 'failure')).toEqual([]);
    expect(none.filter(({ name }) => name === 'system-out')).toHaveLength(summary.errors + summary.warnings);
  });

  test('checkstyle', async () => {
    const elements = readXml(await rendered('checkstyle'));
    expect(elements).toContainEqual({
      name: 'error',
      attributes: {
        line: '3',
        column: '3',
        severity: 'error',
        message: expect.stringContaining('public.orders'),
        source: 'tiptoe.create-index-blocking',
      },
      text: '',
    });
    expect(elements.filter(({ name }) => name === 'file').map(({ attributes }) => attributes['name'])).toEqual([
      'db/002 index.sql',
    ]);
  });

  test.each(['junit', 'checkstyle'] as const)('%s is well formed whatever a migration holds', async (format) => {
    const controls = Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code)).join('');
    const files = { ...HOSTILE, 'c.sql': `DROP TABLE "a${controls}\uFFFE\uFFFF\uD800 b";\n${controls} x` };
    const [path] = Object.keys(HOSTILE);
    const named = readXml(await rendered(format, files)).flatMap(({ attributes }) => Object.values(attributes));
    expect(named).toContain(path);
  });
});

test('gitlab: what the code quality report needs, each with a fingerprint of its own', async () => {
  const issues: Record<string, unknown>[] = JSON.parse(
    await rendered('gitlab', { 'x.sql': 'DROP TABLE a;\nDROP TABLE a;\nDROP TABLE b;' }),
  );
  expect(issues.length).toBeGreaterThan(2);
  for (const issue of issues) {
    expect(issue).toMatchObject({
      description: expect.any(String),
      check_name: expect.any(String),
      severity: expect.stringMatching(/^(?:major|minor)$/),
      location: { path: 'x.sql', lines: { begin: expect.any(Number), end: expect.any(Number) } },
    });
  }
  expect(new Set(issues.map(({ fingerprint }) => fingerprint)).size).toBe(issues.length);
  expect(JSON.parse(await rendered('gitlab', { 'x.sql': 'SELECT 1;' }))).toEqual([]);
});

test('compact: one line a finding', async () => {
  const lines = (await rendered('compact', { ...FILES, ...HOSTILE })).trimEnd().split('\n');
  const { summary } = JSON.parse(await rendered('json', { ...FILES, ...HOSTILE }));
  expect(lines).toHaveLength(summary.errors + summary.warnings);
  expect(lines.some((line) => /^db\/002 index\.sql:3:3: error: .* \[create-index-blocking\]$/.test(line))).toBe(true);
  expect(await rendered('compact', { '1.sql': 'SELECT 1;' })).toBe('');
});

describe('pretty', () => {
  test('findings about the same SQL share its frame, and a reason is given once', async () => {
    const alter = 'ALTER TABLE orders ALTER COLUMN id TYPE text, DROP COLUMN total;';
    const files = { '1.sql': FILES['db/001_orders.sql'] ?? '', '2.sql': alter };
    const { summary } = JSON.parse(await rendered('json', files));
    expect(summary.errors + summary.warnings).toBeGreaterThan(1);
    expect((await rendered('pretty', files)).split(`│ ${alter}`)).toHaveLength(2);
    const twice = { ...files, '2.sql': 'CREATE INDEX ON orders (total);\nCREATE INDEX ON orders (id, total);' };
    const text = await rendered('pretty', twice);
    expect(text.split('  error  create-index-blocking')).toHaveLength(3);
    expect(text.split('It reads every row under ShareLock')).toHaveLength(2);
  });

  test.each([24, 40, 80])('fits into %i columns, as far as words do', async (width) => {
    const text = wrap(await rendered('pretty', FILES, { width }), width);
    for (const line of text.split('\n').filter((line) => line.trim().includes(' ')))
      expect(line.length).toBeLessThanOrEqual(Math.max(width, 28));
  });

  test('the summary is one line, and says what is not shown', async () => {
    const scope = { since: 'main', baseline: { accepted: 3, stale: [] } };
    const lines = (await rendered('pretty', { '1.sql': 'SELECT 1;' }, { scope })).split('\n');
    expect(lines).toEqual(['✓ no findings in 1 file changed since main, 3 in the baseline', '']);
  });
});
