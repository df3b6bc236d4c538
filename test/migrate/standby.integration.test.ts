import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runAs, serverAccount } from '../../src/scratch/account.ts';
import { type ScratchServer, startScratchServer } from '../../src/scratch/scratch-server.ts';
import { run } from './support.ts';

let server: ScratchServer;

beforeAll(async () => {
  server = await startScratchServer({ settings: { wal_level: 'replica', max_wal_senders: '1' } });
});
afterAll(() => server.stop());

test('a standby is refused', async ({ skip }) => {
  const { binDir, dataDir } = server;
  if (binDir === undefined || dataDir === undefined) return skip('the server runs in a container');
  await writeFile(join(dataDir, 'standby.signal'), '');
  await runAs(await serverAccount(), join(binDir, 'pg_ctl'), [
    'restart',
    '-D',
    dataDir,
    '-m',
    'fast',
    '-w',
    '-l',
    '/dev/null',
  ]);
  await expect(run(server.url, { '1_a.sql': 'SELECT 1' }, { schema: 'standby' })).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining('is a standby.') as unknown,
    advice: expect.stringContaining('Connect to its primary') as unknown,
  });
});
