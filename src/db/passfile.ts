import { readFile, stat } from 'node:fs/promises';
import { homedir, platform } from 'node:os';
import { join } from 'node:path';
import type { ConnectionSettings } from './connection.ts';

/**
 * The password that was given, or the one that the password file has for this connection; empty when there is none.
 * https://www.postgresql.org/docs/current/libpq-pgpass.html
 */
export async function passwordFor(connection: ConnectionSettings): Promise<string> {
  if (connection.password !== undefined) return connection.password;
  const file = connection.passwordFile ?? join(homedir(), '.pgpass');
  return findPassword(await readPrivate(file), connection) ?? '';
}

/** Like libpq, a file that others may read is not used. */
async function readPrivate(file: string): Promise<string> {
  try {
    const { mode } = await stat(file);
    if (platform() !== 'win32' && (mode & 0o077) !== 0) return '';
    return await readFile(file, 'utf8');
  } catch {
    return '';
  }
}

const FIELD = String.raw`((?:\\.|[^\\:])*)`;
const LINE = new RegExp(`^${Array.from({ length: 5 }, () => FIELD).join(':')}`);

/** The first line that matches wins; `*` matches all, and a backslash takes `:` and itself literally. */
export function findPassword(text: string, { host, port, database, user }: ConnectionSettings): string | undefined {
  const wanted = [host, String(port), database, user];
  for (const line of text.split(/\r?\n/)) {
    const fields = line.startsWith('#') ? undefined : LINE.exec(line)?.slice(1);
    if (fields === undefined) continue;
    const matches = wanted.every((value, index) => fields[index] === '*' || unescape(fields[index] ?? '') === value);
    if (matches) return unescape(fields[4] ?? '');
  }
  return undefined;
}

function unescape(field: string): string {
  return field.replace(/\\(.)/g, '$1');
}
