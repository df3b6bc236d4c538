import type { Session } from '../db/session.ts';
import type { Job } from './job.ts';
import { readLeafName } from './leaf.ts';
import { tableOid } from './target.ts';

/** Why the statement no longer finds the table that it was started on; null where it does. */
export async function whyGone(session: Session, { statement, target }: Job): Promise<string | null> {
  const { oid, shown } = target;
  const found = await tableOid(session, statement);
  if (found === oid) return null;
  if (found !== null) return `${shown} is another table than the one it was started on`;
  const name = await readLeafName(session, oid);
  return name === null
    ? `${shown} was dropped while the backfill ran`
    : `${shown} is called ${name} now, and the statement does not find it`;
}
