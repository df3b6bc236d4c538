import { Client } from 'pg';
import { expect, test } from 'vitest';
import { replicaLag } from '../../../src/backfill/signals/replica-lag.ts';
import { DEFAULT_SETTINGS } from '../../../src/backfill/settings.ts';
import { testDatabase } from '../../support/database.ts';

const db = testDatabase();
const circumstances = { settings: DEFAULT_SETTINGS, ownPids: [] };

/** A connection that the server lists in pg_stat_replication. */
async function withSender<T>(work: () => Promise<T>): Promise<T> {
  const sender = new Client({ connectionString: db.adminUrl, replication: 'database' } as ConstructorParameters<
    typeof Client
  >[0]);
  await sender.connect();
  try {
    return await work();
  } finally {
    await sender.end();
  }
}

test('a standby whose lag the role may not see stops it, and the GRANT is said', async () => {
  const session = await db.session();
  const verdict = await withSender(() => replicaLag(() => 0).read(session, circumstances));
  expect(verdict).toEqual({
    kind: 'stop',
    reason: expect.stringMatching(
      new RegExp(
        `^there are \\d+ standbys whose lag ${db.ownerRole} may not see: GRANT pg_monitor TO ${db.ownerRole};$`,
      ),
    ) as unknown,
  });
});

test('what replays nothing is no standby', async () => {
  const admin = await db.session(db.adminUrl);
  expect(await withSender(() => replicaLag(() => 0).read(admin, circumstances))).toEqual({ kind: 'go' });
});
