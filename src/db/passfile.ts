import { readFile, stat } from 'node:fs/promises';
import { homedir, platform } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../problem.ts';
import type { ConnectionSettings } from './connection.ts';

/**
 * The password that was given, or the one that the password file has for this connection; empty when there is none. Asked for when the
 * server wants one; throws a Problem for a file that is not used because others may read it, as in libpq.
 * https://www.postgresql.org/docs/current/libpq-pgpass.html
 */
export async function passwordFor(connection: ConnectionSettings): Promise<string> {
  if (connection.password !== undefined) return connection.password;
  const file = connection.passwordFile ?? join(homedir(), '.pgpass');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return '';
  if (platform() !== 'win32' && ((await stat(file)).mode & 0o077) !== 0) {
    throw new Problem(`The password file ${file} may be read by others, so it is not used.`, {
      advice: `chmod 600 ${file}`,
    });
  }
  return findPassword(text, connection) ?? '';
}

const FIELD = String.raw`((?:\\.|[^\\:])*)`;
const LINE = new RegExp(`^${Array.from({ length: 5 }, () => FIELD).join(':')}`);

const DEFAULT_SOCKETS: ReadonlySet<string> = new Set(['/var/run/postgresql', '/run/postgresql', '/tmp']);

/** The first line that matches wins; `*` matches all, and a backslash takes `:` and itself literally. */
export function findPassword(text: string, { host, port, database, user }: ConnectionSettings): string | undefined {
  // The file calls the default socket by this name.
  const place = DEFAULT_SOCKETS.has(host) ? 'localhost' : host;
  const wanted = [place, String(port), database, user];
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
