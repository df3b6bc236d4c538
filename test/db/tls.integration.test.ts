import { createPrivateKey } from 'node:crypto';
import { chmod, chown, copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { withSession } from '../../src/db/session.ts';
import type { ScratchServer } from '../../src/scratch/scratch-server.ts';
import { startScratchServer } from '../../src/scratch/scratch-server.ts';
import { connectionTo } from '../support/database.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const options = { applicationName: 'tiptoe test' };
const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/db/tls/${name}`, import.meta.url));
/** Self-signed for the name localhost, and so its own authority. */
const certificate = fixture('localhost.crt');
const key = fixture('localhost.key');
const HBA = `
host      all  postgres    127.0.0.1/32  scram-sha-256
hostssl   all  tls_only    127.0.0.1/32  scram-sha-256
hostnossl all  plain_only  127.0.0.1/32  scram-sha-256
hostssl   all  cert_only   127.0.0.1/32  cert
`;

const temporary = ownTemporaryDirectory();
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
    await admin.exec(
      "CREATE ROLE tls_only LOGIN PASSWORD 'x'; CREATE ROLE plain_only LOGIN PASSWORD 'x'; CREATE ROLE cert_only LOGIN",
    );
    await admin.exec(`ALTER SYSTEM SET ssl_ca_file = 'server.crt'`);
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

test.each(['sslmode=verify-full', 'sslrootcert=system'])(
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

test('verify-full goes by the name, whatever address hostaddr gives', async () => {
  const query = 'sslmode=verify-full&sslrootcert=CERTIFICATE&hostaddr=127.0.0.1';
  expect(await encrypted(urlWith(query, (url) => (url.hostname = 'localhost')))).toBe(true);
  await expect(encrypted(urlWith(query, (url) => (url.hostname = 'db.invalid')))).rejects.toThrow(
    /: the TLS certificate was not accepted \(.*db\.invalid/,
  );
});

test('verify-ca without an authority is refused: the ones that everybody trusts would let everybody in', async () => {
  await expect(encrypted(urlWith('sslmode=verify-ca'))).rejects.toThrow(
    'sslmode=verify-ca needs the certificate of the authority, and there is none.',
  );
});

test('a revoked certificate is not accepted', async () => {
  const query = 'sslmode=verify-ca&sslrootcert=CERTIFICATE&sslcrl=';
  expect(await encrypted(urlWith(`${query}${fixture('nobody.crl')}`))).toBe(true);
  await expect(encrypted(urlWith(`${query}${fixture('localhost.crl')}`))).rejects.toThrow(
    /: the TLS certificate was not accepted \(certificate revoked\)\.$/,
  );
});

test('a client certificate, its key in the open or encrypted; a key that others may read is not used', async () => {
  const [open, encryptedKey, loose] = ['open.key', 'encrypted.key', 'loose.key'].map((name) =>
    join(temporary.path, name),
  );
  const pem = await readFile(fixture('client.key'), 'utf8');
  const secret = createPrivateKey(pem).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'pä ss',
  });
  await writeFile(open ?? '', pem, { mode: 0o600 });
  await writeFile(encryptedKey ?? '', secret, { mode: 0o600 });
  await writeFile(loose ?? '', pem, { mode: 0o644 });
  const withKey = (file: string | undefined, more = '') =>
    encrypted(urlWith(`sslmode=require&sslcert=${fixture('client.crt')}&sslkey=${file}${more}`, as('cert_only')));
  expect(await withKey(open)).toBe(true);
  expect(await withKey(encryptedKey, `&sslpassword=${encodeURIComponent('pä ss')}`)).toBe(true);
  await expect(withKey(encryptedKey, '&sslpassword=wrong')).rejects.toThrow(
    /^Cannot connect to .*: the key .* cannot be used/,
  );
  await expect(withKey(loose)).rejects.toThrow(`The key ${loose} may be read by others, so it is not used.`);
  await expect(encrypted(urlWith('sslmode=require', as('cert_only')))).rejects.toThrow(/valid client certificate/);
});

test('TLS from the first byte, and only the versions that are asked for', async () => {
  expect(await encrypted(urlWith('sslmode=require&sslnegotiation=direct'))).toBe(true);
  expect(await encrypted(urlWith('sslmode=require&ssl_min_protocol_version=TLSv1.3'))).toBe(true);
  await expect(encrypted(urlWith('sslmode=require&ssl_max_protocol_version=TLSv1.1'))).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(/^Cannot connect to /) as unknown,
  });
});
