import { formatBytes } from '../signal-settings.ts';
import { judge, type Signal } from './signal.ts';

/** WAL that a replication slot keeps from being removed: the disk fills up behind a subscriber or standby that is slow or gone. */
export const slotWal: Signal = {
  name: 'replication slots',
  async read(session, { settings: { maxSlotWal } }) {
    if (maxSlotWal === null) return { kind: 'go' };
    const [slot] = await session.query<{ name: string; active: boolean; bytes: string }>(
      `SELECT s.slot_name AS name, s.active, pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn) AS bytes
         FROM pg_catalog.pg_replication_slots s WHERE s.restart_lsn IS NOT NULL ORDER BY bytes DESC LIMIT 1`,
    );
    if (slot === undefined) return { kind: 'go' };
    const bytes = Number(slot.bytes);
    const who = `the ${slot.active ? '' : 'inactive '}replication slot ${slot.name}`;
    return judge(
      bytes,
      maxSlotWal,
      `${who} keeps ${formatBytes(bytes)} of WAL (max-slot-wal ${formatBytes(maxSlotWal)})`,
    );
  },
};
