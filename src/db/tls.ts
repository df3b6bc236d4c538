import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { homedir, platform } from 'node:os';
import { join } from 'node:path';
import { checkServerIdentity, type ConnectionOptions } from 'node:tls';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import { Problem } from '../problem.ts';
import type { ConnectionSettings, TlsSettings } from './connection.ts';
import { sqlstate } from './errors.ts';

/** One way to try to connect. */
export interface TlsAttempt {
  readonly ssl: false | ConnectionOptions;
  /** Whether the next attempt is worth it after this failure. */
  mayFallBack(error: unknown): boolean;
}

/** The attempts that libpq would make for the sslmode, in order; a Unix socket has no TLS. */
export async function tlsAttempts({ host, hostaddr, tls }: ConnectionSettings): Promise<readonly TlsAttempt[]> {
  const plain: TlsAttempt = { ssl: false, mayFallBack: refusedByAddress };
  if ((host.startsWith('/') && hostaddr === undefined) || tls.mode === 'disable') return [plain];

  const encrypted: TlsAttempt = { ssl: await tlsOptions(host, tls), mayFallBack: noTls };
  if (tls.mode === 'allow') return [plain, encrypted];
  return tls.mode === 'prefer' ? [encrypted, plain] : [encrypted];
}

/** `require` encrypts and trusts any certificate, unless a root is given: as libpq does, unlike the driver. */
async function tlsOptions(host: string, tls: TlsSettings): Promise<ConnectionOptions> {
  const { mode, keyPassword, minVersion, maxVersion } = tls;
  const system = tls.rootCert === 'system';
  const [ca, crl, cert, key] = await Promise.all([
    system ? undefined : readPem(tls.rootCert, 'sslrootcert', 'root.crt'),
    readPem(tls.revoked, 'sslcrl', 'root.crl'),
    readPem(tls.cert, 'sslcert', 'postgresql.crt'),
    readKey(tls.key),
  ]);
  const verifies = mode === 'verify-ca' || mode === 'verify-full' || (mode === 'require' && ca !== undefined);
  if (mode === 'verify-ca' && ca === undefined) {
    // Those that Node.js knows would let in whoever has bought a certificate.
    throw new Problem('sslmode=verify-ca needs the certificate of the authority, and there is none.', {
      advice: `Give it by sslrootcert=FILE or as ${join(FOLDER, 'root.crt')}, or use sslmode=verify-full with sslrootcert=system.`,
    });
  }
  return {
    rejectUnauthorized: verifies,
    ...(verifies && ca !== undefined ? { ca } : {}),
    ...(verifies && crl !== undefined ? { crl } : {}),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(keyPassword === undefined ? {} : { passphrase: keyPassword }),
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
    // By the name that was given, whatever address it led to.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    checkServerIdentity: (_, certificate) =>
      mode === 'verify-full' ? checkServerIdentity(host, certificate) : undefined,
  };
}

const FOLDER = join(homedir(), '.postgresql');

/** A file that was given, else the one where libpq looks, if it is there. */
async function readPem(path: string | undefined, name: string, byDefault: string): Promise<string | undefined> {
  try {
    return await readFile(path ?? join(FOLDER, byDefault), 'utf8');
  } catch (error) {
    if (path === undefined) return undefined;
    throw new Problem(`Cannot read ${path}, the file given as ${name}.`, {
      advice: 'Check the path and its permissions.',
      cause: error,
    });
  }
}

/** Like libpq, a key that others may read is not used; root's may be read by a group. */
async function readKey(given: string | undefined): Promise<string | undefined> {
  const key = await readPem(given, 'sslkey', 'postgresql.key');
  if (key === undefined || platform() === 'win32') return key;
  const path = given ?? join(FOLDER, 'postgresql.key');
  const { mode, uid } = await stat(path);
  if ((mode & (uid === 0 ? 0o037 : 0o077)) === 0) return key;
  throw new Problem(`The key ${path} may be read by others, so it is not used.`, { advice: `chmod 600 ${path}` });
}

function refusedByAddress(error: unknown): boolean {
  return sqlstate(error) === SQLSTATE.invalid_authorization_specification;
}

function noTls(error: unknown): boolean {
  if (refusedByAddress(error)) return true;
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return error.message.includes('does not support SSL') || code.startsWith('ERR_SSL_') || code === 'EPROTO';
}
