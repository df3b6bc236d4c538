import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { APPLY_SETTINGS, settingOption } from '../../src/cli/apply-settings.ts';
import { runTiptoe } from '../support/cli.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const directory = ownTemporaryDirectory();

test.each(Object.entries(APPLY_SETTINGS))('%s in the config is the flag of that name', (name, setting) => {
  expect(settingOption(setting).attributeName()).toBe(name);
});

test('all that is wrong in the config of apply is told at once, before anything is asked of a server', async () => {
  await writeFile(
    join(directory.path, 'tiptoe.config.json'),
    JSON.stringify({
      apply: { maxStal: '100ms', cap: 'soon', giveUpAfter: 600, schema: ' ' },
      gate: { minRows: -1, minRow: 3 },
      rules: { 'create-index-bloking': 'error' },
    }),
  );
  const says = [
    "there is no setting 'apply.maxStal', did you mean 'maxStall'?",
    "apply.cap: 'soon' is not a duration",
    'apply.giveUpAfter: must be text, as the flag takes it',
    "apply.schema: tiptoe's own schema needs a name, and it is empty",
    'gate.minRows: ',
    "there is no setting 'gate.minRow', did you mean 'minRows'?",
    "there is no rule 'create-index-bloking', did you mean 'create-index-blocking'?",
  ];
  for (const command of [['apply'], ['status'], ['backfill', 'list']]) {
    const { code, stdout, stderr } = await runTiptoe(command, { cwd: directory.path });
    expect({ code, stdout }, command.join(' ')).toEqual({ code: 2, stdout: '' });
    for (const text of says) expect(stderr).toContain(text);
  }
  const { stdout } = await runTiptoe(['apply', '--format', 'json'], { cwd: directory.path });
  expect(JSON.parse(stdout)).toMatchObject({ outcome: 'refused', reason: 'problem' });
}, 30_000);
