import { describe, expect, test } from 'vitest';
import { densityOf, isSteady, likelyPlaces } from '../../src/backfill/density.ts';

const table = (inLists = false) => ({
  oid: '7',
  key: [{ name: 'ctid', type: 'pg_catalog.tid', collation: null, places: { inLists, rowsPerBlock: 60 } }],
});
const DENSITY = { of: '7', keys: 1200, blocks: 20 };
const wanted = (more = {}) => ({ keys: 12_000, density: DENSITY, bearable: 190 * 300, ...more });
const within = { after: ['(100,0)'], upper: ['(1000,0)'] };

describe('the next places', () => {
  test('are as many blocks as nearly hold the rows that are wanted', () => {
    expect(likelyPlaces(table(), within, wanted())).toEqual({
      after: ['(100,0)'],
      upTo: ['(290,0)'],
      keys: 11_400,
    });
  });

  test('end where the walk ends', () => {
    const upper = ['(104,0)'];
    expect(likelyPlaces(table(), { ...within, upper }, wanted())).toMatchObject({ upTo: upper, keys: 240 });
    expect(likelyPlaces(table(), { ...within, upper: ['(100,0)'] }, wanted())).toBeNull();
  });

  test.each([
    ['where nothing is known', table(), within, wanted({ density: null })],
    ['of another table', { ...table(), oid: '8' }, within, wanted()],
    ['in few blocks', table(), within, wanted({ keys: 300 })],
    ['without an end', table(), { ...within, upper: null }, wanted()],
    ['where a range is a list', table(true), within, wanted()],
    ['of a key that is a column', { oid: '7', key: [] }, within, wanted()],
    ['where full blocks would take too long', table(), within, wanted({ bearable: 190 * 300 - 1 })],
  ])('have to be counted %s', (_, leaf, bounds, wanted) => {
    expect(likelyPlaces(leaf, bounds, wanted)).toBeNull();
  });
});

describe('a batch of counted rows', () => {
  const counted = { after: ['(80,0)'], upTo: ['(100,0)'], keys: 1200 };

  test('shows how densely they lie', () => {
    expect(densityOf(table(), counted, 1200)).toEqual(DENSITY);
    expect(densityOf(table(), counted, 1100)).toEqual(DENSITY);
  });

  test.each([
    ['not all of them changed', counted, 1000],
    ['it ends within a block', { ...counted, upTo: ['(100,5)'] }, 1200],
    ['it begins within a block', { ...counted, after: ['(80,5)'] }, 1200],
    ['the blocks are few', { ...counted, after: ['(95,0)'] }, 1200],
  ])('shows nothing where %s', (_, keys, rows) => {
    expect(densityOf(table(), keys, rows)).toBeNull();
  });
});

test('a batch that changed a tenth more or less than it was to is followed by one that is counted', () => {
  const likely = { after: ['(0,0)'], upTo: ['(20,0)'], keys: 1000 };
  expect([900, 1000, 1100].map((rows) => isSteady(likely, rows))).toEqual([true, true, true]);
  expect([899, 1101, 0].map((rows) => isSteady(likely, rows))).toEqual([false, false, false]);
});
