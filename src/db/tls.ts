import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
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
export async function tlsAttempts({ host, tls }: ConnectionSettings): Promise<readonly TlsAttempt[]> {
  const plain: TlsAttempt = { ssl: false, mayFallBack: refusedByAddress };
  if (host.startsWith('/') || tls.mode === 'disable') return [plain];

  const encrypted: TlsAttempt = { ssl: await tlsOptions(tls), mayFallBack: noTls };
  if (tls.mode === 'allow') return [plain, encrypted];
  return tls.mode === 'prefer' ? [encrypted, plain] : [encrypted];
}

/** `require` encrypts and trusts any certificate, unless a root is given: as libpq does, unlike the driver. */
async function tlsOptions({ mode, rootCert, cert, key }: TlsSettings): Promise<ConnectionOptions> {
  const verifies = mode === 'verify-ca' || mode === 'verify-full' || (mode === 'require' && rootCert !== undefined);
  const system = rootCert === 'system';
  const [ca, certText, keyText] = await Promise.all([
    verifies && !system ? readPem(rootCert, 'sslrootcert') : undefined,
    readPem(cert, 'sslcert'),
    readPem(key, 'sslkey'),
  ]);
  return {
    rejectUnauthorized: verifies,
    ...(ca === undefined ? {} : { ca }),
    ...(certText === undefined ? {} : { cert: certText }),
    ...(keyText === undefined ? {} : { key: keyText }),
    ...(mode === 'verify-full' || system ? {} : { checkServerIdentity: () => undefined }),
  };
}

async function readPem(path: string | undefined, name: string): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Problem(`Cannot read ${path}, the file given as ${name}.`, {
      advice: 'Check the path and its permissions.',
      cause: error,
    });
  }
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
