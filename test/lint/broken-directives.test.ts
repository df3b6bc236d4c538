import { beforeAll, expect, test } from 'vitest';
import { brokenDirectives } from '../../src/lint/broken-directives.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

const read = (text: string) =>
  brokenDirectives(parseScript('x.sql', text, {}).comments).map(({ verdict, range }) => [
    verdict.message,
    verdict.instead,
    text.slice(range.start, range.end),
  ]);

test.each([
  '-- tiptoe:transaction none',
  '-- tiptoe:requires 003_tracking: it reads the column',
  '--tiptoe:requires 003_tracking, 004_x',
  '-- tiptoe:cap 20s: the table has 12 rows',
  '-- tiptoe:writes 40/s: one row per invoice',
  '-- tiptoe:backfill',
  '-- tiptoe: this one was written by hand',
  '-- tiptoe-enable',
  '/* tiptoe:nothing */',
])('%s', (comment) => {
  expect(read(`${comment}\nSELECT 1;`)).toEqual([]);
});

test.each([
  ['-- tiptoe:require 003', "'tiptoe:require'", 'tiptoe:requires, tiptoe:transaction'],
  ['-- tiptoe:Requires 003', "'tiptoe:Requires'", '-- tiptoe:requires,'],
  ['-- tiptoe: requires 003', "'tiptoe: requires'", '-- tiptoe:requires,'],
  ['-- Tiptoe:cap 20s: why', "'tiptoe:cap'", '-- tiptoe:cap,'],
  ['-- tiptoe:nothing-like-it', "'tiptoe:nothing-like-it'", 'Use one of tiptoe:backfill, tiptoe:cap,'],
  ['-- tiptoe:requires', 'names no migration', 'Write -- tiptoe:requires NAME'],
  ['-- tiptoe:requires : because', 'names no migration', 'Write -- tiptoe:requires NAME'],
  ['-- tiptoe:cap 20s', 'tiptoe:cap needs a reason', 'Write -- tiptoe:cap 20s: why'],
  ['-- tiptoe:cap soon: it is small', "not 'soon'", 'Write -- tiptoe:cap 20s: why'],
  ['-- tiptoe:requires 003,', 'names no migration', 'Write -- tiptoe:requires NAME'],
])('%s', (comment, message, instead) => {
  expect(read(`SELECT 1;\n${comment}\nSELECT 2;`)).toEqual([
    [expect.stringContaining(message), expect.stringContaining(instead), comment],
  ]);
});
