import { hostname, userInfo } from 'node:os';
import type { Runner } from '../migrate/ledger.ts';
import { version } from './version.ts';

/** Who runs this, from where and with which version, as the ledger and other runners are told. */
export function runner(): Runner {
  return { from: `${user()}@${hostname()} pid ${process.pid}`, toolVersion: version };
}

function user(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run with a user id that has no name.
    return `uid ${process.getuid?.() ?? '?'}`;
  }
}
