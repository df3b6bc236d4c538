import { beforeAll, describe, expect, test } from 'vitest';
import type { Code } from '../../src/sql/code.ts';
import { text } from '../../src/sql/computed-text.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { readPlpgsql } from '../../src/sql/plpgsql.ts';

beforeAll(loadParser);

function read(body: string): Code {
  return readPlpgsql(`DO $do$${body}$do$`);
}

/** `2 alter-table a`: line, kind and name; `?` where it may be passed by, and why it is not read. */
function lines(code: Code): string[] {
  if (code.kind === 'unreadable') return [code.reason];
  return code.steps
    .filter(({ action }) => action.kind !== 'select' || action.reads.length > 0)
    .map(({ line, action, certain, named, unread }) => {
      const name = 'name' in action && typeof action.name === 'object' ? action.name : null;
      const table = 'table' in action && typeof action.table === 'object' ? action.table : name;
      const many = 'names' in action ? action.names : 'reads' in action ? action.reads : [];
      const what = [table, ...many].flatMap((one) =>
        one === null ? [] : typeof one === 'string' ? [one] : [one.name],
      );
      const shown = unread ?? [action.kind, ...what].join(' ');
      return `${line}${certain ? '' : '?'}${named || unread !== null ? '' : ' unnamed'} ${shown}`;
    });
}

describe('statements of the code', () => {
  test.each([
    ['BEGIN\n  ALTER TABLE a ADD b int;\n  DROP TABLE c;\nEND', ['2 alter-table a', '3 drop-relation c']],
    [
      'BEGIN IF random() > 0.5 THEN TRUNCATE a; ELSIF x() THEN LOCK b; ELSE DROP VIEW c; END IF; END',
      ['1? truncate', '1? lock-table', '1? drop-relation c'],
    ],
    ["BEGIN IF to_regclass('a') IS NULL THEN CREATE TABLE a (b int); END IF; END", ['1 create-table a']],
    [
      'BEGIN IF NOT EXISTS (SELECT FROM pg_type) THEN DROP TABLE a; ELSE DROP TABLE b; END IF; END',
      ['1 select pg_type', '1 drop-relation a', '1? drop-relation b'],
    ],
    ['BEGIN IF EXISTS (SELECT FROM users) THEN DROP TABLE a; END IF; END', ['1 select users', '1? drop-relation a']],
    [
      'BEGIN CREATE TYPE t AS ENUM (); EXCEPTION WHEN duplicate_object THEN DROP TABLE a; WHEN others THEN NULL; END',
      ['1 create-enum t', '1? drop-relation a'],
    ],
    [
      'BEGIN BEGIN BEGIN DROP TABLE a; END; END; LOOP DROP TABLE b; EXIT; END LOOP; WHILE true LOOP DROP TABLE c; END LOOP; END',
      ['1 drop-relation a', '1 drop-relation b', '1? drop-relation c'],
    ],
    [
      'BEGIN CASE 1 WHEN 1 THEN DROP TABLE a; ELSE DROP TABLE b; END CASE; CASE WHEN EXISTS (SELECT FROM c) THEN NULL; END CASE; END',
      ['1? drop-relation a', '1? drop-relation b', '1? select c'],
    ],
    [
      'DECLARE r record; BEGIN FOR r IN SELECT * FROM a LOOP DELETE FROM b WHERE x = r.x; END LOOP; END',
      ['1 select a', '1? dml b'],
    ],
    [
      'DECLARE c CURSOR FOR SELECT * FROM a; d refcursor; r record; BEGIN FOR r IN c LOOP DROP TABLE x; END LOOP; OPEN d FOR SELECT * FROM b; OPEN c; FETCH c INTO r; END',
      ['1 select a', '1? drop-relation x', '1 select b', '1 select a'],
    ],
    [
      "DECLARE n int := (SELECT max(x) FROM a); BEGIN n := (SELECT 1 FROM b); RAISE NOTICE '%', (SELECT 1 FROM c); ASSERT (SELECT true FROM d); PERFORM * FROM e; END",
      ['1 select a', '1 select b', '1 select c', '1 select d', '1 select e'],
    ],
    [
      'DECLARE n int; BEGIN SELECT x INTO STRICT n FROM a; INSERT INTO b VALUES (n) RETURNING y INTO n; WITH gone AS (DELETE FROM c RETURNING *) SELECT count(*) INTO n FROM gone; END',
      ['1 select a', '1 dml b', '1 dml c'],
    ],
  ])('%s', (body, expected) => {
    expect(lines(read(body))).toEqual(expected);
  });
});

describe('SQL that the code builds', () => {
  test.each([
    ["BEGIN EXECUTE 'DROP TABLE a; DROP TABLE b'; END", ['1 drop-relation a', '1 drop-relation b']],
    [
      "BEGIN EXECUTE format('DROP TABLE %I', 'Odd name'); EXECUTE format('DROP TABLE %2$I.%1$I', 'a', 's'); END",
      ['1 drop-relation Odd name', '1 drop-relation a'],
    ],
    [
      "BEGIN EXECUTE concat('DROP ', 'TABLE ', 'a'); EXECUTE concat_ws(' ', 'DROP', 'TABLE', 'b'); EXECUTE E'DROP\\nTABLE c'; END",
      ['1 drop-relation a', '1 drop-relation b', '1 drop-relation c'],
    ],
    [
      "DECLARE q text = 'DROP '; BEGIN q := q || 'TABLE '; q = q || quote_ident('A'); EXECUTE q; END",
      ['1 drop-relation A'],
    ],
    [
      "DECLARE q text := 'DROP TABLE a'; BEGIN IF true THEN q := 'DROP TABLE b'; END IF; EXECUTE q; END",
      ['1 EXECUTE builds its SQL at run time'],
    ],
    [
      "DECLARE q text := 'DROP TABLE a'; BEGIN SELECT 'x' INTO q; EXECUTE q; END",
      ['1 EXECUTE builds its SQL at run time'],
    ],
    [
      "DECLARE q text := 'DROP TABLE a'; BEGIN LOOP EXECUTE q; q := 'DROP TABLE b'; END LOOP; END",
      ['1 EXECUTE builds its SQL at run time'],
    ],
    [
      "DECLARE t text; BEGIN FOREACH t IN ARRAY '{a,b}'::text[] LOOP EXECUTE 'TRUNCATE ' || t; END LOOP; EXECUTE 'TRUNCATE ' || t; END",
      ['1 truncate', '1 truncate', '1 unnamed truncate'],
    ],
    [
      "DECLARE t text; BEGIN FOR t IN SELECT unnest(ARRAY['a', 'b']) LOOP EXECUTE 'DROP TABLE ' || t; END LOOP; END",
      ['1 drop-relation a', '1 drop-relation b'],
    ],
    [
      "DECLARE r record; BEGIN FOR r IN SELECT n FROM unnest(ARRAY['a']) AS n LOOP EXECUTE 'DROP TABLE ' || r.n; END LOOP; END",
      ['1 drop-relation a'],
    ],
    [
      "DECLARE r record; BEGIN FOR r IN VALUES ('s', 'a') LOOP EXECUTE format('DROP TABLE %I.%I', r.column1, r.column2); END LOOP; END",
      ['1 drop-relation a'],
    ],
    [
      "BEGIN FOR i IN 1..2 LOOP EXECUTE format('DROP TABLE a_%s', i * 10); END LOOP; END",
      ['1 drop-relation a_10', '1 drop-relation a_20'],
    ],
    [
      "BEGIN FOR i IN 1..(SELECT max(n) FROM a) LOOP EXECUTE format('DROP TABLE a_%s', i); END LOOP; END",
      ['1 select a', '1? unnamed drop-relation a_‹i›'],
    ],
    [
      "DECLARE r record; BEGIN FOR r IN SELECT tablename FROM pg_tables LOOP EXECUTE format('DROP TABLE %I', r.tablename); END LOOP; END",
      ['1 select pg_tables', '1? unnamed drop-relation ‹r_tablename›'],
    ],
    [
      "BEGIN EXECUTE 'ALTER TABLE a ALTER b SET DEFAULT ' || f() || ', ALTER c SET DEFAULT ' || quote_literal(g()); END",
      ['1 unnamed alter-table a'],
    ],
    [
      "BEGIN EXECUTE f(); EXECUTE f() || ' TABLE a'; END",
      ['1 EXECUTE builds its SQL at run time', '1 EXECUTE builds its SQL at run time'],
    ],
    ["BEGIN EXECUTE 'DROP TABLE a WHERE'; END", ['1 EXECUTE builds its SQL at run time (DROP TABLE …)']],
    ["DECLARE r record; BEGIN FOR r IN EXECUTE 'SELECT * FROM a' LOOP NULL; END LOOP; END", ['1 select a']],
  ])('%s', (body, expected) => {
    expect(lines(read(body))).toEqual(expected);
  });
});

test('arguments that a call gives are known in the body', () => {
  const create = `CREATE FUNCTION f(relation text, IN "Other" text) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE a ALIAS FOR $2; BEGIN EXECUTE 'DROP TABLE ' || relation; EXECUTE 'DROP TABLE ' || $2; EXECUTE 'DROP TABLE ' || a; END $$`;
  const given = new Map([
    ['relation', text('users')],
    ['$2', text('orders')],
    ['Other', text('orders')],
  ]);
  expect(lines(readPlpgsql(create, given))).toEqual([
    '2 drop-relation users',
    '2 drop-relation orders',
    '2 drop-relation orders',
  ]);
});

test('COMMIT in the code is seen', () => {
  const ends = (body: string): boolean => {
    const code = read(body);
    return code.kind === 'read' && code.endsTransaction;
  };
  expect(ends('BEGIN DELETE FROM a; COMMIT; END')).toBe(true);
  expect(ends('BEGIN IF true THEN ROLLBACK; END IF; END')).toBe(true);
  expect(ends("BEGIN RAISE NOTICE 'COMMIT'; END")).toBe(false);
});

describe('code that cannot be read', () => {
  test.each([
    ['', 'its code does not parse: syntax error at end of input'],
    ['BEGIN x := 1; END', 'its code does not parse: "x" is not a known variable'],
    ['BEGIN ALTER TABLE a ADD; END', 'its code does not parse: syntax error at end of input'],
    ['BEGIN IF THEN NULL; END IF; END', 'its code does not parse: missing expression at or near "THEN"'],
  ])('%s', (body, reason) => {
    expect(read(body)).toEqual({ kind: 'unreadable', reason });
  });

  test('20,000 levels, 6,000 statements, a loop over a billion numbers', () => {
    const nested = (levels: number): string =>
      `BEGIN ${'IF true THEN '.repeat(levels)}NULL; ${'END IF; '.repeat(levels)}END`;
    expect(read(nested(20_000)).kind).toBe('unreadable');
    expect(read(nested(500)).kind).toBe('read');
    expect(read(`BEGIN ${'DELETE FROM a;\n'.repeat(6000)}END`)).toEqual({
      kind: 'unreadable',
      reason: 'its code runs more statements than are looked at',
    });
    expect(lines(read("BEGIN FOR i IN 1..1000000000 LOOP EXECUTE 'DROP TABLE a_' || i; END LOOP; END"))).toEqual([
      '1? unnamed drop-relation a_‹i›',
    ]);
  });
});
