import { DatabaseError } from 'pg';
import { expect, test } from 'vitest';
import { resolveConnection } from '../../src/db/connection.ts';
import { connectionProblem, fromDriver } from '../../src/db/errors.ts';

/** What a server with `lc_messages = 'de_DE.UTF-8'` says. */
function refused(message: string, routine: string, sslmode: string) {
  const error = Object.assign(new DatabaseError(message, 0, 'error'), { code: '28000', routine });
  const connection = resolveConnection({ databaseUrl: `postgres://ann@db/shop?sslmode=${sslmode}`, env: {} });
  return connectionProblem(fromDriver(error), connection);
}

const NO_ENTRY =
  'kein pg_hba.conf-Eintrag für Host »10.0.0.9«, Benutzer »ann«, Datenbank »shop«, keine Verschlüsselung';

test('why a server lets nobody in is understood in its own language', () => {
  expect(refused(NO_ENTRY, 'ClientAuthentication', 'disable').message).toBe(
    "Cannot connect to ann@db:5432/shop: the server's pg_hba.conf does not let ann in from here without TLS.",
  );
  expect(refused(NO_ENTRY, 'ClientAuthentication', 'prefer').message).toBe(
    "Cannot connect to ann@db:5432/shop: the server's pg_hba.conf does not let ann in from here.",
  );
  expect(refused('Rolle »ann« existiert nicht', 'InitializeSessionUserId', 'prefer')).toMatchObject({
    message: 'Cannot connect to ann@db:5432/shop: rolle »ann« existiert nicht.',
    advice: expect.stringContaining('createuser ann') as unknown,
  });
});
