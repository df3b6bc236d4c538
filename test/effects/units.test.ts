import { beforeAll, expect, test } from 'vitest';
import { atomic, divide } from '../../src/effects/units.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

/** What runs without a transaction of ours, even where the file asks for none, by index. */
function alone(text: string): number[] {
  const division = divide(parseScript('x.sql', `-- tiptoe:transaction none\n${text}`));
  if (division.kind === 'refused') throw new Error(division.message);
  return division.units.map(atomic).flatMap((unit) => (unit.kind === 'alone' ? [unit.statement.index] : []));
}

/** Each unit as the indexes of its statements, `!` for one that runs outside of a transaction. */
function units(text: string): [transaction: string, ...units: string[]] {
  const division = divide(parseScript('x.sql', text));
  if (division.kind === 'refused') return ['refused', division.message];
  const shown = division.units.map((unit) =>
    unit.kind === 'alone' ? `!${unit.statement.index}` : unit.statements.map(({ index }) => index).join('+'),
  );
  return [division.transaction, ...shown];
}

test.each([
  ['', ['file']],
  ['SELECT 1; SELECT 2', ['file', '0+1']],
  ['BEGIN; SELECT 1; COMMIT', ['file', '1']],
  ['SELECT 1; CREATE INDEX CONCURRENTLY ON a (b); SELECT 2', ['statement', '0', '!1', '2']],
  ['VACUUM a', ['statement', '!0']],
  ['SELECT 1; DO $$ BEGIN DELETE FROM a; COMMIT; END $$', ['statement', '0', '!1']],
  ["DO $$ BEGIN RAISE NOTICE 'no COMMIT here'; END $$", ['file', '0']],
  ['SELECT 1; COMMIT; SELECT 2; SELECT 3', ['statement', '0', '2+3']],
  ['BEGIN; SELECT 1; SAVEPOINT a; COMMIT; CREATE INDEX CONCURRENTLY ON a (b)', ['statement', '1+2', '!4']],
  ['-- tiptoe:transaction none\nSELECT 1; SELECT 2', ['none', '!0', '!1']],
  ['-- +goose NO TRANSACTION\nSELECT 1', ['none', '!0']],
  ['-- migrate:up transaction:false\nSELECT 1', ['none', '!0']],
  ['-- +migrate Up notransaction\nSELECT 1', ['none', '!0']],
  ['-- no-transaction\nSELECT 1', ['none', '!0']],
  ['--! no-transaction\nSELECT 1', ['none', '!0']],
  ['-- there is no-transaction here\nSELECT 1', ['file', '0']],
  ['-- this says nothing of tiptoe:transaction none\nSELECT 1', ['file', '0']],
  ['BEGIN; SELECT 1; ROLLBACK', ['refused', 'ROLLBACK in a migration.']],
  [`BEGIN; SELECT 1; PREPARE TRANSACTION 'x'`, ['refused', 'PREPARE TRANSACTION in a migration.']],
])('%s', (text, expected) => {
  expect(units(text)).toEqual(expected);
});

test.each([
  ['INSERT INTO a VALUES (1); CREATE TABLE b (); CREATE ROLE c', []],
  ['VACUUM a; CALL b(); REINDEX TABLE c; CLUSTER d; CLUSTER', [0, 1, 2, 3, 4]],
  ['ALTER DATABASE a SET TABLESPACE b; ALTER DATABASE a CONNECTION LIMIT 3; ALTER DATABASE a SET work_mem = 1', [0]],
  ['ALTER SUBSCRIPTION a REFRESH PUBLICATION; ALTER SUBSCRIPTION a DISABLE', [0]],
  ['ALTER SUBSCRIPTION a SET PUBLICATION b; ALTER SUBSCRIPTION a SET PUBLICATION b WITH (refresh = false)', [0]],
  ['ALTER SUBSCRIPTION a ADD PUBLICATION b; ALTER SUBSCRIPTION a DROP PUBLICATION b WITH (refresh)', [0, 1]],
  ['ALTER SUBSCRIPTION a SET (failover = true); ALTER SUBSCRIPTION a SET (streaming = on)', [0]],
])('without a transaction even where nobody could tell: %s', (text, expected) => {
  expect(alone(text)).toEqual(expected);
});

test('what is partitioned is reindexed and clustered outside of a transaction', () => {
  const script = parseScript('x.sql', 'REINDEX TABLE a; CLUSTER a USING b; REINDEX INDEX c; SELECT 1');
  expect(divide(script, ({ name }) => name === 'a')).toMatchObject({
    transaction: 'statement',
    units: [{ kind: 'alone' }, { kind: 'alone' }, { kind: 'transaction' }, { kind: 'transaction' }],
  });
});

test('hundreds of thousands of statements', () => {
  const script = parseScript('x.sql', 'SELECT 1');
  const statements = Array.from({ length: 400_000 }, () => script.statements).flat();
  expect(divide({ ...script, statements })).toMatchObject({ kind: 'units', transaction: 'file' });
});
