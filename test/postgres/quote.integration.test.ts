import { expect, inject, test } from 'vitest';
import { qualify, quoteIdent, quoteLiteral } from '../../src/postgres/quote.ts';
import { testDatabase } from '../support/database.ts';

const database = testDatabase();

test('identifiers are quoted where the server does it', async () => {
  const session = await database.session();
  const names = ['users', '_x1', 'Users', 'two words', 'a"b', '1st', 'größe', 'a$b', ''];
  const rows = await session.query<{ name: string; quoted: string }>(
    `SELECT name, quote_ident(name) AS quoted
       FROM (SELECT unnest($1::text[]) UNION SELECT word FROM pg_get_keywords()) AS names (name)`,
    [names],
  );
  const different = rows.filter(({ name, quoted }) => quoteIdent(name) !== quoted);
  // An older server knows fewer keywords.
  expect(different.filter(({ name }) => inject('serverVersion') >= 18 || !/^[a-z_]+$/.test(name))).toEqual([]);
});

test('literals are quoted as the server does it', async () => {
  const session = await database.session();
  for (const text of ['plain', "it's", String.raw`back\slash`, String.raw`\'`, '', 'größe\n$$']) {
    const [row] = await session.query<{ quoted: string }>('SELECT quote_literal($1::text) AS quoted', [text]);
    // The server puts a blank before the E.
    expect(quoteLiteral(text)).toBe(row?.quoted.trim());
  }
});

test('a name may have a schema', () => {
  expect(qualify('public', 'order')).toBe('public."order"');
  expect(qualify(undefined, 'users')).toBe('users');
});
