import { rules as builtIn } from '../../rules/index.ts';
import type { Rule } from '../lint/kit.ts';
import type { ReportedFinding } from '../report/lint-json.ts';
import { lint } from './index.ts';

/** A migration that a rule is tried on. */
export interface RuleTest {
  readonly sql: string;
  /** What earlier migrations made. */
  readonly before?: string;
  /** What later migrations do. */
  readonly after?: string;
  /** The server's major version, 13 to 18; 18 without it. */
  readonly pgVersion?: number;
  /** Options of the rule, as in the config. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** What is expected of a finding; what is not said may be anything. A text is what its message contains, as is `message`. */
export type ExpectedFinding =
  | string
  | Partial<Omit<ReportedFinding, 'message' | 'rule' | 'category'>>
  | (Partial<Omit<ReportedFinding, 'message' | 'rule' | 'category'>> & { readonly message: string | RegExp });

export interface RuleTests {
  /** In which the rule finds nothing. */
  readonly valid?: readonly (string | RuleTest)[];
  /** In which it finds just this, in the order of the file. */
  readonly invalid?: readonly (RuleTest & { readonly findings: readonly [ExpectedFinding, ...ExpectedFinding[]] })[];
}

/**
 * Tries a rule, of tiptoe's or your own, on migrations, and on its own examples. Rejects with an Error that tells all that differs, so that
 * it works in any test runner: `test('my-rule', () => testRule(myRule, { valid: […], invalid: […] }))`.
 */
export async function testRule(rule: Rule, { valid = [], invalid = [] }: RuleTests = {}): Promise<void> {
  const cases = [
    ...rule.examples.good.map((example) => ({ title: 'a good example', test: example, expected: [] })),
    ...rule.examples.bad.map((example) => ({ title: 'a bad example', test: example, expected: [{}] })),
    ...valid.map((given) => ({
      title: 'valid',
      test: typeof given === 'string' ? { sql: given } : given,
      expected: [],
    })),
    ...invalid.map(({ findings, ...test }) => ({ title: 'invalid', test, expected: findings })),
  ];
  if (cases.length === 0) throw new Error(`${rule.name} is tried on nothing: give it valid and invalid migrations.`);
  const failures: string[] = [];
  for (const { title, test, expected } of cases) {
    const found = await findingsOf(rule, test);
    const problems = differences(found, expected);
    if (problems.length > 0)
      failures.push([`${title}: ${test.sql}`, ...problems.map((text) => `  ${text}`)].join('\n'));
  }
  if (failures.length > 0) throw new Error(`${rule.name}:\n${failures.join('\n')}`);
}

/** What the rule finds in a migration, alone. */
async function findingsOf(
  rule: Rule,
  { sql, before, after, ...test }: RuleTest & { readonly until?: number },
): Promise<readonly ReportedFinding[]> {
  const migrations = [
    ...(before === undefined ? [] : [{ path: 'before.sql', text: before }]),
    { path: 'migration.sql', text: sql },
    ...(after === undefined ? [] : [{ path: 'after.sql', text: after }]),
  ];
  // One of tiptoe's is tried under another name, in the same way.
  const name = builtIn.some((known) => known.name === rule.name) ? `tested/${rule.name}` : rule.name;
  const { files } = await lint(migrations, {
    pgVersion: test.pgVersion ?? test.until ?? 18,
    ownRules: [{ ...rule, name }],
    rules: { [name]: [rule.severity === 'off' ? 'warning' : rule.severity, test.options ?? {}] },
  });
  const found = files.find(({ path }) => path === 'migration.sql')?.findings ?? [];
  return found.filter((finding) => finding.rule === name || finding.rule === 'syntax-error');
}

function differences(found: readonly ReportedFinding[], expected: readonly ExpectedFinding[]): string[] {
  const shared = found.slice(0, expected.length);
  return [
    ...shared.flatMap((finding, index) => mismatches(finding, expected[index] ?? {})),
    ...found.slice(expected.length).map((finding) => `not expected: ${shown(finding)}`),
    ...expected.slice(found.length).map((finding) => `expected, but not found: ${inWords(finding)}`),
  ];
}

function mismatches(finding: ReportedFinding, expected: ExpectedFinding): string[] {
  const { message, ...fields } = typeof expected === 'string' ? { message: expected } : { message: '', ...expected };
  const hasMessage = typeof message === 'string' ? finding.message.includes(message) : message.test(finding.message);
  return [
    ...(finding.rule === 'syntax-error' ? [`not SQL: ${shown(finding)}`] : []),
    ...(hasMessage ? [] : [`expected a message with ${inWords(message)}, found ${shown(finding)}`]),
    ...Object.entries(fields).flatMap(([field, value]) => {
      const actual = JSON.stringify(finding[field as keyof ReportedFinding]);
      return actual === JSON.stringify(value)
        ? []
        : [`expected ${field} ${JSON.stringify(value)}, found ${actual} in ${shown(finding)}`];
    }),
  ];
}

function shown({ line, column, endLine, endColumn, message }: ReportedFinding): string {
  return `${line}:${column}-${endLine}:${endColumn} ${message}`;
}

function inWords(expected: ExpectedFinding | RegExp): string {
  return expected instanceof RegExp ? String(expected) : JSON.stringify(expected);
}
