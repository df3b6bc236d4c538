import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The user that runs PostgreSQL's programs; undefined is the user we are. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root, so root hands it to `nobody`. */
export async function serverAccount(): Promise<Account | undefined> {
  if (userInfo().uid !== 0) return undefined;
  const [uid, gid] = await Promise.all([run('id', ['-u', 'nobody']), run('id', ['-g', 'nobody'])]);
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

/** The environment of PostgreSQL's programs: ours could carry PGDATA, PGPORT or a locale that is not installed. */
export const SERVER_ENV: Readonly<Record<string, string>> = {
  PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
  LC_ALL: 'C',
  TZ: 'UTC',
};

/** Runs a program as the account and returns what it printed; rejects when it cannot be executed or fails. */
export async function runAs(account: Account | undefined, file: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(file, [...args], { ...account, env: { ...SERVER_ENV }, cwd: '/' });
  return stdout;
}
