import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPrimary, startStandby, type Replicable } from '../support/standby.ts';
import { run } from './support.ts';

let primary: Replicable;
let standby: Replicable;

beforeAll(async () => {
  primary = await startPrimary();
  standby = await startStandby(primary);
});
afterAll(async () => {
  await standby.stop();
  await primary.stop();
});

test('a standby is refused', async () => {
  await expect(run(standby.url, { '1_a.sql': 'SELECT 1' }, { schema: 'standby' })).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining('is a standby.') as unknown,
    advice: expect.stringContaining('Connect to its primary') as unknown,
  });
});
