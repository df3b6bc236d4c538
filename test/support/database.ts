import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, inject } from 'vitest';
import type { ConnectionSettings } from '../../src/db/connection.ts';
import { resolveConnection } from '../../src/db/connection.ts';
import type { Session, SessionOptions } from '../../src/db/session.ts';
import { openSession, withSession } from '../../src/db/session.ts';

/** A fresh database for one test file. Its values exist from `beforeAll` on. */
export interface TestDatabase {
  readonly name: string;
  /** A superuser. */
  readonly adminUrl: string;
  /** Owns the database and runs tiptoe; not a superuser. */
  readonly ownerUrl: string;
  /** The application: reads and writes what the owner makes. */
  readonly trafficUrl: string;
  readonly ownerRole: string;
  readonly trafficRole: string;
  /** Opens a session, by default as the owner; it is closed after the test. */
  session(url?: string, options?: Partial<SessionOptions>): Promise<Session>;
}

/** Makes a database and its roles before the file's tests, and drops them after. */
export function testDatabase(): TestDatabase {
  const id = randomBytes(5).toString('hex');
  const name = `test_${id}`;
  const ownerRole = `owner_${id}`;
  const trafficRole = `traffic_${id}`;
  const serverUrl = inject('serverUrl');
  const open: Session[] = [];

  beforeAll(async () => {
    await asAdmin(serverUrl, async (admin) => {
      await admin.exec(`CREATE ROLE ${ownerRole} LOGIN PASSWORD '${id}'`);
      await admin.exec(`CREATE ROLE ${trafficRole} LOGIN PASSWORD '${id}'`);
      await admin.exec(`CREATE DATABASE ${name} OWNER ${ownerRole} TEMPLATE template0`);
    });
    await asAdmin(databaseUrl(serverUrl, name), async (admin) => {
      await admin.exec(`
        ALTER SCHEMA public OWNER TO ${ownerRole};
        GRANT USAGE ON SCHEMA public TO ${trafficRole};
        ALTER DEFAULT PRIVILEGES FOR ROLE ${ownerRole}
          GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON TABLES TO ${trafficRole};
        ALTER DEFAULT PRIVILEGES FOR ROLE ${ownerRole} GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO ${trafficRole};
        ALTER DEFAULT PRIVILEGES FOR ROLE ${ownerRole} GRANT USAGE ON SCHEMAS TO ${trafficRole};
      `);
    });
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((session) => session.close()));
  });
  afterAll(async () => {
    await asAdmin(serverUrl, async (admin) => {
      await admin.exec(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await admin.exec(`DROP ROLE IF EXISTS ${ownerRole}`);
      await admin.exec(`DROP ROLE IF EXISTS ${trafficRole}`);
    });
  });

  const ownerUrl = databaseUrl(serverUrl, name, ownerRole, id);
  return {
    name,
    adminUrl: databaseUrl(serverUrl, name),
    ownerUrl,
    trafficUrl: databaseUrl(serverUrl, name, trafficRole, id),
    ownerRole,
    trafficRole,
    async session(url = ownerUrl, options = {}) {
      const session = await openSession(connectionTo(url), { applicationName: 'tiptoe test', ...options });
      open.push(session);
      return session;
    },
  };
}

export function connectionTo(url: string): ConnectionSettings {
  return resolveConnection({ databaseUrl: url, env: {} });
}

function asAdmin(url: string, work: (session: Session) => Promise<void>): Promise<void> {
  return withSession(connectionTo(url), { applicationName: 'tiptoe test admin' }, work);
}

export function databaseUrl(serverUrl: string, database: string, user?: string, password?: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  if (user !== undefined) url.username = user;
  if (password !== undefined) url.password = password;
  return url.href;
}
