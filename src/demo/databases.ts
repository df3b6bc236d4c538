import { randomBytes } from 'node:crypto';
import { type ConnectionSettings, resolveConnection } from '../db/connection.ts';
import { withSession } from '../db/session.ts';
import { quoteLiteral } from '../postgres/quote.ts';
import { CREATE_ROLES, GRANTS, LOAD, type Role, ROLES } from './shop.ts';

/** The shop, and exact copies of it for the other way to do the same. */
export const DATABASES = ['shop', 'shop_psql', 'shop_update'] as const;
export type Database = (typeof DATABASES)[number];

/** How to reach a database as one of the shop's roles. */
export type Connect = (database: Database, role: Role) => ConnectionSettings;

/**
 * Makes the roles, the shop's database with what `createTables` makes there, its rows, and the copies. `serverUrl` is a superuser's.
 */
export async function createDatabases(
  serverUrl: string,
  createTables: (owner: ConnectionSettings) => Promise<void>,
  signal: AbortSignal,
): Promise<Connect> {
  const [shop, ...copies] = DATABASES;
  const password = randomBytes(24).toString('base64url');
  const connect: Connect = (database, role) => connectionTo(serverUrl, database, { user: ROLES[role], password });
  const applicationName = 'tiptoe demo';

  await withSession(connectionTo(serverUrl), { applicationName }, async (admin) => {
    await admin.exec(CREATE_ROLES);
    for (const role of Object.values(ROLES)) await admin.exec(`ALTER ROLE ${role} PASSWORD ${quoteLiteral(password)}`);
    await admin.exec(`CREATE DATABASE ${shop} OWNER ${ROLES.owner} TEMPLATE template0`);
    await withSession(connectionTo(serverUrl, shop), { applicationName }, (session) => session.exec(GRANTS));
    await createTables(connect(shop, 'owner'));
    await withSession(connectionTo(serverUrl, shop), { applicationName }, async (session) => {
      // Rows that we make up refer to rows that exist: checking each of them would take most of the time.
      await session.exec('SET session_replication_role = replica');
      for (const statement of LOAD) {
        signal.throwIfAborted();
        await session.exec(statement);
      }
    });
    for (const copy of copies) {
      signal.throwIfAborted();
      await admin.exec(`CREATE DATABASE ${copy} OWNER ${ROLES.owner} TEMPLATE ${shop} STRATEGY file_copy`);
    }
  });
  return connect;
}

function connectionTo(
  serverUrl: string,
  database?: string,
  as?: { readonly user: string; readonly password: string },
): ConnectionSettings {
  const url = new URL(serverUrl);
  if (database !== undefined) url.pathname = `/${database}`;
  if (as !== undefined) [url.username, url.password] = [as.user, as.password];
  return resolveConnection({ databaseUrl: url.href, env: {} });
}
