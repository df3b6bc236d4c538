import type { TargetSession } from './connection.ts';
import type { Session } from './session.ts';

/** What to look for among several servers, one after the other. */
export function targetsInTurn(target: TargetSession): readonly TargetSession[] {
  if (target === 'prefer-standby') return ['standby', 'any'];
  if (target === 'prefer-primary') return ['read-write', 'any'];
  return [target];
}

/**
 * What speaks against staying with this server, in words; null when nothing does.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-TARGET-SESSION-ATTRS
 */
export async function unfitFor(session: Session, target: TargetSession): Promise<string | null> {
  if (target === 'any') return null;
  const [server] = await session.query<{ standby: boolean; readOnly: boolean }>(
    `SELECT pg_catalog.pg_is_in_recovery() AS standby,
            pg_catalog.current_setting('transaction_read_only')::pg_catalog.bool AS "readOnly"`,
  );
  const { standby = false, readOnly = false } = server ?? {};
  switch (target) {
    case 'read-write':
      return standby || readOnly ? 'read-only' : null;
    case 'read-only':
      return standby || readOnly ? null : 'not read-only';
    case 'primary':
      return standby ? 'a standby' : null;
    case 'standby':
      return standby ? null : 'no standby';
    default:
      return null;
  }
}
