import { afterAll, expect, test } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { makeProject } from '../support/project.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const db = testDatabase();
const temporary = ownTemporaryDirectory();
const stops: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(stops.map((stop) => stop())));

/** The real server, which gives another number when it is asked for its version. */
async function passedOffAs(versionNum: string): Promise<string> {
  const session = await db.session();
  const [real] = await session.query<{ num: string }>(`SELECT current_setting('server_version_num') AS num`);
  const url = new URL(db.ownerUrl);
  const proxy = await startTcpProxy(url, (client, server) => {
    client.pipe(server);
    server.on('data', (data: Buffer) => {
      const text = data.toString('latin1').replaceAll(real?.num ?? '', versionNum);
      client.write(Buffer.from(text, 'latin1'));
    });
  });
  stops.push(() => proxy.stop());
  url.port = String(proxy.port);
  return url.href;
}

test('every command that works on a server says in one line that it is too old, and changes nothing', async () => {
  const { tiptoeAs } = await makeProject(temporary.path, db.ownerUrl, 'old_own', { '001_a.sql': 'SELECT 1;' });
  const old = await passedOffAs('120022');
  for (const [command, ...args] of [
    ['apply'],
    ['plan'],
    ['status'],
    ['baseline', '--yes'],
    ['repair', '001_a', '--as', 'applied', '--reason', 'x', '--yes'],
  ] as const) {
    const { code, stdout, stderr } = await tiptoeAs(old, command, ...args);
    const lines = stderr.trimEnd().split('\n');
    expect({ command, code, stdout, lines }).toEqual({
      command,
      code: 2,
      stdout: '',
      lines: [
        expect.stringMatching(/ runs PostgreSQL 12\.$/) as unknown,
        expect.stringContaining('tiptoe works with PostgreSQL 13 and newer.') as unknown,
      ],
    });
  }
  const session = await db.session();
  expect(await session.query(`SELECT FROM pg_namespace WHERE nspname = 'old_own'`)).toEqual([]);
});
