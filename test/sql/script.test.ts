import { beforeAll, describe, expect, test } from 'vitest';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

/** What a reader of the file would point at: `line:column text`. */
function places(text: string, variables: Record<string, string> = {}): string[] {
  const { source, statements, faults } = parseScript('x.sql', text, variables);
  const show = (offset: number, end: number): string => {
    const { line, column } = source.position(offset);
    return `${line}:${column} ${source.text.slice(offset, end)}`;
  };
  return [
    ...statements.map(({ index, range }) => ({ index, text: show(range.start, range.end) })),
    ...faults.map(({ index, range, offset, message }) => ({
      index,
      text: `fault ${show(offset, offset + 5)} | ${source.text.slice(range.start, range.end)} | ${message}`,
    })),
  ]
    .sort((a, b) => a.index - b.index)
    .map(({ text }) => text);
}

describe('positions', () => {
  test('start at the first token after comments and end before the semicolon', () => {
    expect(places('-- one\n/* two /* nested; */ ; */\n  SELECT 1 -- tail\n ; SELECT 2')).toEqual([
      '3:3 SELECT 1',
      '4:4 SELECT 2',
    ]);
  });

  test('are right after text outside ASCII, in UTF-16 units', () => {
    expect(places("SELECT 'é→😀'; SELECT 2;\nSELECT 'ß', 3;")).toEqual([
      "1:1 SELECT 'é→😀'",
      '1:16 SELECT 2',
      "2:1 SELECT 'ß', 3",
    ]);
    expect(places("SELECT '😀'; SELEC 2; SELECT 3")).toEqual([
      "1:1 SELECT '😀'",
      'fault 1:14 SELEC | SELEC 2 | syntax error at or near "SELEC"',
      '1:23 SELECT 3',
    ]);
    expect(places("SELECT 1;\nSELECT '😀', FRM x y z;")[1]).toMatch(/^fault 2:20 y z/);
  });

  test('do not count a byte order mark and are right after CRLF', () => {
    expect(places('\uFEFFSELECT 1;\r\nSELECT 2;\r\n')).toEqual(['1:1 SELECT 1', '2:1 SELECT 2']);
  });

  test('refer to the file, not to what variables were replaced by', () => {
    const sql = 'CREATE TABLE :S.a (x int); SELECT x::S, 1;\nSELECT $$ :S $$, y:::S.t FROM :S.a; SELEC :S;';
    const statements = places(sql, { S: 'a_long_name' });
    expect(statements).toEqual([
      '1:1 CREATE TABLE :S.a (x int)',
      '1:28 SELECT x::S, 1',
      '2:1 SELECT $$ :S $$, y:::S.t FROM :S.a',
      'fault 2:37 SELEC | SELEC :S | syntax error at or near "SELEC"',
    ]);
    const script = parseScript('x.sql', sql, { S: 'a_long_name' });
    expect(script.statements[2]?.text).toBe('SELECT $$ a_long_name $$, y::a_long_name.t FROM a_long_name.a');
  });
});

describe('statement splitting survives errors', () => {
  test('one bad statement spoils no other', () => {
    expect(places('CREATE TABEL a (x int);\nSELECT 1;\nALTER TABLE a ADD;\nSELECT 2;')).toEqual([
      'fault 1:8 TABEL | CREATE TABEL a (x int) | syntax error at or near "TABEL"',
      '2:1 SELECT 1',
      'fault 3:18 ;\nSEL | ALTER TABLE a ADD | syntax error at end of input',
      '4:1 SELECT 2',
    ]);
  });

  test('semicolons hide in strings, dollar quotes, comments, rules and BEGIN ATOMIC', () => {
    const hidden = [
      "SELECT 'a;''b;'",
      String.raw`SELECT E'a\';b'`,
      'SELECT $q$ ; $$ ; $q$',
      'SELECT "a;b"',
      'SELECT /* ; /* ; */ ; */ 1',
      'CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)',
      'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END',
    ];
    for (const sql of hidden)
      expect(places(`SELEC 0; ${sql}; SELECT 9`).slice(1)).toEqual([`1:10 ${sql}`, `1:${sql.length + 12} SELECT 9`]);
  });

  test('an unclosed parenthesis does not hide the statements after it', () => {
    expect(places('CREATE TABLE a (x int;\nSELECT 1;')).toEqual([
      'fault 1:22 ;\nSEL | CREATE TABLE a (x int | syntax error at end of input',
      '2:1 SELECT 1',
    ]);
  });

  test('a quote that never ends costs its line', () => {
    const found = places("SELECT 1;\nINSERT INTO a VALUES ('x);\nSELECT 2;\n");
    expect(found[0]).toBe('1:1 SELECT 1');
    expect(found[1]).toMatch(/^fault 2:23 .*unterminated quoted string/s);
    expect(found[2]).toBe('3:1 SELECT 2');
  });

  test('a NUL byte is a fault where it stands, and the rest is read', () => {
    expect(places('SELECT 1;\nSELECT 2\0;\nSELECT 3;')).toEqual([
      '1:1 SELECT 1',
      'fault 2:9 \0;\nSE | SELECT 2\0 | a NUL byte: PostgreSQL would stop reading here',
      '3:1 SELECT 3',
    ]);
  });

  test('nothing but comments, white space and semicolons is no statement', () => {
    expect(places('')).toEqual([]);
    expect(places(' ;; -- x\n;/* y */')).toEqual([]);
    expect(places('SELEC;;-- only\n;')).toHaveLength(1);
  });
});

test('statements are counted over faults', () => {
  const { statements, faults } = parseScript('x.sql', 'SELECT 1; SELEC; SELECT 2');
  expect(statements.map(({ index }) => index)).toEqual([0, 2]);
  expect(faults.map(({ index }) => index)).toEqual([1]);
});

test.each([
  ['', 'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END'],
  // The splitter takes this for the END of the body.
  [
    ', where the splitter is mistaken too',
    'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 AS end; SELECT 2; END',
  ],
])('a file that is parsed in pieces reads as one that is parsed at once%s', (_where, made) => {
  const group = [
    "INSERT INTO t VALUES ('é; 😀', $$;$$)",
    'CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b)',
    made,
  ];
  const times = 3_000;
  const text = `${group.join(' /* ; */ ; -- ;\n')};;\n`.repeat(times);
  const { statements, faults, source } = parseScript('x.sql', text);
  expect(faults).toEqual([]);
  expect(statements).toHaveLength(group.length * times);
  for (const { index, text: shown, range } of statements) {
    expect(shown).toBe(group[index % group.length]);
    expect(source.text.slice(range.start, range.end)).toBe(shown);
  }
});
