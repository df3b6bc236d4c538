import { beforeAll, expect, test } from 'vitest';
import { divide } from '../../src/effects/units.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

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
  ['-- this says nothing of tiptoe:transaction none\nSELECT 1', ['file', '0']],
  ['BEGIN; SELECT 1; ROLLBACK', ['refused', 'ROLLBACK in a migration.']],
  [`BEGIN; SELECT 1; PREPARE TRANSACTION 'x'`, ['refused', 'PREPARE TRANSACTION in a migration.']],
])('%s', (text, expected) => {
  expect(units(text)).toEqual(expected);
});
