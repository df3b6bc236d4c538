import { createHash } from 'node:crypto';

/** SHA-256 of a migration, the same on every platform: line ends and a byte order mark do not count. */
export function checksum(text: string): string {
  const normalised = text.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n');
  return createHash('sha256').update(normalised, 'utf8').digest('hex');
}
