import { chmod, chown, copyFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { withSession } from '../../src/db/session.ts';
import type { ScratchServer } from '../../src/scratch/scratch-server.ts';
import { startScratchServer } from '../../src/scratch/scratch-server.ts';
import { connectionTo } from '../support/database.ts';

const options = { applicationName: 'tiptoe test' };
/** Self-signed for the name localhost, and so its own authority. */
const certificate = fileURLToPath(new URL('../../fixtures/db/tls/localhost.crt', import.meta.url));
const key = fileURLToPath(new URL('../../fixtures/db/tls/localhost.key', import.meta.url));
const HBA = `
host      all  postgres    127.0.0.1/32  scram-sha-256
hostssl   all  tls_only    127.0.0.1/32  scram-sha-256
hostnossl all  plain_only  127.0.0.1/32  scram-sha-256
`;

let server: ScratchServer;
beforeAll(async () => {
  server = await startScratchServer();
  const { dataDir = '' } = server;
  await writeFile(join(dataDir, 'pg_hba.conf'), HBA);
  const { uid, gid } = await stat(dataDir);
  for (const [source, name] of [
    [certificate, 'server.crt'],
    [key, 'server.key'],
  ] as const) {
    const target = join(dataDir, name);
    await copyFile(source, target);
    await chmod(target, 0o600);
    await chown(target, uid, gid);
  }
  await withSession(connectionTo(server.url), options, async (admin) => {
    await admin.exec("CREATE ROLE tls_only LOGIN PASSWORD 'x'; CREATE ROLE plain_only LOGIN PASSWORD 'x'");
    await admin.exec('ALTER SYSTEM SET ssl = on');
    await admin.exec('SELECT pg_reload_conf()');
    await vi.waitUntil(async () => (await admin.query<{ ssl: string }>('SHOW ssl'))[0]?.ssl === 'on');
  });
});
afterAll(() => server.stop());

function urlWith(query: string, change: (url: URL) => void = () => {}): string {
  const url = new URL(server.url);
  url.search = query.replace('CERTIFICATE', certificate);
  change(url);
  return url.href;
}

function as(role: string): (url: URL) => void {
  return (url) => {
    url.username = role;
    url.password = 'x';
  };
}

async function encrypted(url: string): Promise<boolean> {
  return withSession(connectionTo(url), options, async (session) => {
    const [row] = await session.query<{ ssl: boolean }>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    return row?.ssl === true;
  });
}

test.each([
  ['', true],
  ['sslmode=disable', false],
  ['sslmode=allow', false],
  ['sslmode=prefer', true],
  ['sslmode=require', true],
  ['sslmode=verify-ca&sslrootcert=CERTIFICATE', true],
])('"%s": encrypted %s', async (query, expected) => {
  expect(await encrypted(urlWith(query))).toBe(expected);
});

test('a server that wants it one way gets it that way', async () => {
  expect(await encrypted(urlWith('sslmode=allow', as('tls_only')))).toBe(true);
  expect(await encrypted(urlWith('', as('plain_only')))).toBe(false);
  await expect(encrypted(urlWith('sslmode=disable', as('tls_only')))).rejects.toThrow(
    /: the server's pg_hba\.conf does not let tls_only in from here without TLS\.$/,
  );
  await expect(encrypted(urlWith('sslmode=require', as('plain_only')))).rejects.toThrow(
    /: the server's pg_hba\.conf does not let plain_only in from here\.$/,
  );
});

test('verify-full compares the host name', async () => {
  const query = 'sslmode=verify-full&sslrootcert=CERTIFICATE';
  expect(await encrypted(urlWith(query, (url) => (url.hostname = 'localhost')))).toBe(true);
  await expect(encrypted(urlWith(query))).rejects.toThrow(/: the TLS certificate was not accepted \(.*127\.0\.0\.1/);
});

test.each(['sslmode=verify-ca', 'sslmode=verify-full', 'sslmode=require&sslrootcert=system'])(
  '"%s" does not trust an authority that nobody knows',
  async (query) => {
    await expect(encrypted(urlWith(query))).rejects.toThrow(/: the TLS certificate was not accepted \(self-signed/);
  },
);

test('a certificate file that is not there', async () => {
  await expect(encrypted(urlWith('sslmode=verify-full&sslrootcert=/no/such.pem'))).rejects.toThrow(
    'Cannot read /no/such.pem, the file given as sslrootcert.',
  );
});
