import { appendFile, chmod, chown, copyFile, lstat, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import { withSession } from '../../src/db/session.ts';
import { runAs, serverAccount, type Account } from '../../src/scratch/account.ts';
import { hostServer } from '../../src/scratch/cluster.ts';
import type { RunningServer } from '../../src/scratch/source.ts';
import { connectionTo } from './database.ts';
import { startMajor, TEST_SETTINGS } from './majors.ts';

/** A server of a replication setup; its URL is a superuser's. */
export interface Replicable extends RunningServer {
  readonly binDir: string;
  readonly dataDir: string;
}

export interface Standby extends Replicable {
  /** Makes it a primary; its standbys follow it. */
  promote(): Promise<void>;
  /** Resolves when it has replayed all that its primary has written so far. */
  catchUp(): Promise<void>;
}

/** A server of the version under test that standbys can be made of. */
export async function startPrimary(settings: Readonly<Record<string, string>> = {}): Promise<Replicable> {
  const { binDir, dataDir, ...server } = await startMajor(inject('serverVersion'), {
    ...TEST_SETTINGS,
    // Files are copied while the server writes them, and WAL is kept for standbys that come later.
    full_page_writes: 'on',
    wal_keep_size: '512MB',
    // What is committed has been written, and is on its way.
    synchronous_commit: 'on',
    ...settings,
  });
  if (binDir === undefined || dataDir === undefined) throw new Error('the server has no files here');
  return { ...server, binDir, dataDir };
}

/**
 * Starts a hot standby that streams from `upstream`: a primary, or another standby. It runs the primary's programs, so the primary is
 * stopped after it; `crash` leaves them in place.
 */
export async function startStandby(
  upstream: Replicable,
  settings: Readonly<Record<string, string>> = {},
): Promise<Standby> {
  const account = await serverAccount();
  const superuser = `${new URL(upstream.url).username}:${new URL(upstream.url).password}`;
  const server = await hostServer({ binDir: upstream.binDir }, account, async ({ dataDir }) => {
    await backUp(upstream, dataDir);
    await follow(upstream, dataDir, settings);
    await giveAll(dataDir, account);
    return superuser;
  });
  if ('unavailable' in server) throw new Error(server.unavailable);
  const standby: Replicable = { ...server, binDir: upstream.binDir, dataDir: server.dataDir ?? '' };
  return {
    ...standby,
    async promote() {
      await onServer(standby, (session) => session.query('SELECT pg_catalog.pg_promote()'));
    },
    async catchUp() {
      const [origin] = await onServer(upstream, (session) => session.query<{ lsn: string }>(WRITTEN));
      await onServer(standby, (session) => waitForReplay(session, origin?.lsn ?? '0/0'));
    },
  };
}

/** Stops a server as if it had died; its files stay until `stop`. */
export async function crash({ binDir, dataDir }: Replicable): Promise<void> {
  await runAs(await serverAccount(), join(binDir, 'pg_ctl'), ['stop', '-D', dataDir, '-m', 'immediate', '-w']);
}

/** Starts one that has died, where it was. */
export async function restart({ binDir, dataDir, url }: Replicable): Promise<void> {
  const start = ['start', '-D', dataDir, '-o', `-p ${new URL(url).port}`, '-l', join(dataDir, 'restart.log'), '-w'];
  await runAs(await serverAccount(), join(binDir, 'pg_ctl'), start);
}

const WRITTEN = `SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                             ELSE pg_catalog.pg_current_wal_flush_lsn() END::pg_catalog.text AS lsn`;

async function waitForReplay(session: Session, lsn: string): Promise<void> {
  const replayed = `SELECT WHERE pg_catalog.pg_last_wal_replay_lsn() >= $1::pg_catalog.pg_lsn`;
  while ((await session.query(replayed, [lsn])).length === 0) await session.query('SELECT pg_catalog.pg_sleep(0.02)');
}

function onServer<T>({ url }: Replicable, work: (session: Session) => Promise<T>): Promise<T> {
  return withSession(connectionTo(url), { applicationName: 'tiptoe test replication' }, work);
}

/**
 * Copies a running server's files, as pg_basebackup does, which the packages lack.
 * https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
 */
async function backUp(source: Replicable, dataDir: string): Promise<void> {
  await onServer(source, async (session) => {
    const [server] = await session.query<{ version: number }>(
      `SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 / 10000 AS version`,
    );
    const modern = (server?.version ?? 0) >= 15;
    const [begin, end] = modern
      ? [`pg_backup_start('copy', true)`, 'pg_backup_stop(false)']
      : [`pg_start_backup('copy', true, false)`, 'pg_stop_backup(false, false)'];
    await session.query(`SELECT pg_catalog.${begin}`);
    await copyData(source.dataDir, dataDir, '');
    // A standby that is copied ends its recovery where the control file says, so that goes last.
    await copyFile(join(source.dataDir, CONTROL_FILE), join(dataDir, CONTROL_FILE));
    const [backup] = await session.query<{ label: string }>(`SELECT labelfile AS label FROM pg_catalog.${end}`);
    await writeFile(join(dataDir, 'backup_label'), backup?.label ?? '');
  });
}

const CONTROL_FILE = 'global/pg_control';
/** Folders whose contents belong to the running server; their own subfolders are needed. */
const NOT_COPIED = /^(?:pg_wal|pg_replslot|pg_dynshmem|pg_notify|pg_serial|pg_snapshots|pg_stat_tmp|pg_subtrans)\//;
const LEFT_OUT = new Set(['postmaster.pid', 'postmaster.opts', 'standby.signal', 'backup_label', CONTROL_FILE]);

async function copyData(source: string, target: string, path: string): Promise<void> {
  await mkdir(join(target, path), { mode: 0o700 });
  for (const entry of await readdir(join(source, path), { withFileTypes: true })) {
    const inner = path === '' ? entry.name : `${path}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!inner.startsWith('pg_replslot/')) await copyData(source, target, inner);
    } else if (entry.isFile() && !LEFT_OUT.has(inner) && !NOT_COPIED.test(inner)) {
      await copyFile(join(source, inner), join(target, inner)).catch(unlessGone);
    }
  }
}

/** Files come and go while the server runs; the log it writes of that makes the copy whole. */
function unlessGone(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}

async function follow(
  upstream: Replicable,
  dataDir: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const { hostname, port, username, password } = new URL(upstream.url);
  const all = {
    primary_conninfo: `host=${hostname} port=${port} user=${username} password=${password} application_name=standby`,
    hot_standby: 'on',
    wal_retrieve_retry_interval: '100ms',
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`);
  await appendFile(join(dataDir, 'postgresql.conf'), lines.join(''));
  await writeFile(join(dataDir, 'standby.signal'), '');
}

async function giveAll(path: string, account: Account | undefined): Promise<void> {
  const folder = (await lstat(path)).isDirectory();
  await chmod(path, folder ? 0o700 : 0o600);
  if (account) await chown(path, account.uid, account.gid);
  if (folder) for (const name of await readdir(path)) await giveAll(join(path, name), account);
}
