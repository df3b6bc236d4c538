import { expect, test, vi } from 'vitest';
import { runTiptoe } from '../support/cli.ts';

vi.setConfig({ testTimeout: 60_000 });

test('a rule is found by the name that another linter has for it', async () => {
  const { code, stdout } = await runTiptoe([
    'rules',
    '--alias',
    'require-concurrent-index-creation',
    '--format',
    'json',
  ]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    alias: 'require-concurrent-index-creation',
    counterparts: [
      { linter: 'squawk', name: 'require-concurrent-index-creation', rules: ['create-index-blocking'], reason: null },
    ],
  });
});

test.each([
  ['E6', 'eugene E6\n  create-index-blocking  blocking, error'],
  ['prefer-robust-stmts', 'squawk prefer-robust-stmts\n  no rule: '],
  ['safety_assured', '-- tiptoe-disable-next-statement RULE: why it is safe here'],
])('of %s it says what stands for it here', async (alias, text) => {
  const { code, stdout } = await runTiptoe(['rules', '--alias', alias]);
  expect([code, stdout]).toEqual([0, expect.stringContaining(text)]);
});

test.each([
  [['--alias', 'add_indx'], "no linter that tiptoe knows has a rule 'add_indx'.\n  Did you mean add_index?"],
  [['create-index-blocking', '--alias', 'E6'], "'create-index-blocking' and --alias name a rule twice."],
  [['--alias', 'E6', '--format', 'markdown'], '--alias is shown as pretty or json.'],
])('%j is refused', async (args, message) => {
  const { code, stdout, stderr } = await runTiptoe(['rules', ...args]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(`tiptoe: ${message}`);
});
