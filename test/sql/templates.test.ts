import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { rules } from '../../rules/index.ts';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { lint } from '../../src/lint/engine.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { notForServer } from '../../src/sql/not-for-server.ts';
import { parseScript } from '../../src/sql/script.ts';
import type { Script } from '../../src/sql/statement.ts';
import { SHAPES } from '../effects/shapes/list.ts';

beforeAll(loadParser);

const read = (sql: string, variables: Record<string, string> = {}): Script => parseScript('x.sql', sql, variables);

/** What each statement is read as; `!` begins what is wrong or not known. */
function readAs(sql: string, variables: Record<string, string> = {}): string[] {
  const { statements, faults, unread } = read(sql, variables);
  return [
    ...statements.map(({ text, action }) =>
      action.kind === 'unknown' ? `! ${action.node}` : text.replaceAll(/\s+/g, ' '),
    ),
    ...faults.map(({ message }) => `! ${message}`),
    ...unread.map(({ reason }) => `! ${reason}`),
  ];
}

describe('a placeholder without a value', () => {
  test.each([
    // Go, as a schema, within quotes that have quotes inside, and with the dot in the value.
    ['DROP TABLE {{ index .Options "Namespace" }}.users', `DROP TABLE "{{ index .Options 'Namespace' }}".users`],
    ['DROP TABLE "{{ index .Options "Namespace" }}".users', `DROP TABLE "{{ index .Options 'Namespace' }}".users`],
    ['DROP TABLE {{ .Prefix }}users', 'DROP TABLE "{{ .Prefix }}users"'],
    // Flyway, and parts of names, which are folded where they are not quoted.
    ['ALTER TABLE ${flyway:defaultSchema}.a DROP b', 'ALTER TABLE "${flyway:defaultSchema}".a DROP b'],
    ['DROP TABLE Tbl_${env}_Old', 'DROP TABLE "tbl_${env}_old"'],
    ['DROP TABLE ${a}${b}_c.${d}', 'DROP TABLE "${a}${b}_c"."${d}"'],
    ['DROP TABLE ${SCHEMA:-app}.a', 'DROP TABLE app.a'],
    // ERB, Jinja, Python, psql, extension scripts and others.
    ['DROP TABLE <%= table %>', 'DROP TABLE "<%= table %>"'],
    ['DROP TABLE {{schema|default("x;y")}}.a', `DROP TABLE "{{schema|default('x;y')}}".a`],
    ['DROP TABLE %(name)s', 'DROP TABLE "%(name)s"'],
    ['DROP TABLE %s', 'DROP TABLE "%s"'],
    ['DROP TABLE {schema}.a', 'DROP TABLE "{schema}".a'],
    ['DROP TABLE :schema.a', 'DROP TABLE ":schema".a'],
    ['DROP TABLE wdpa_:DATE', 'DROP TABLE "wdpa_:DATE"'],
    ['DROP TABLE :"schema".a', `DROP TABLE ":'schema'".a`],
    ['DROP TABLE @@schema@@.a', 'DROP TABLE "@@schema@@".a'],
    ['DROP TABLE @extschema@.a', 'DROP TABLE "@extschema@".a'],
    // The shell, sqlcmd and SQL*Plus, which PostgreSQL has other things for: $1, $tag$, x[y[1]].
    ['DROP TABLE $SCHEMA.a', 'DROP TABLE "$SCHEMA".a'],
    ['DROP TABLE $(Schema).a, t_$(N)', 'DROP TABLE "$(Schema)".a, "t_$(N)"'],
    ['DROP TABLE [[ schema ]].[[t]]_x', 'DROP TABLE "[[ schema ]]"."[[t]]_x"'],
    [
      'SELECT a[b[1]], ARRAY[[c]], $q$ $S.x [[y]] $q$, $1, d$e, f$(g) FROM $S.t',
      'SELECT a[b[1]], ARRAY[[c]], $q$ $S.x [[y]] $q$, $1, d$e, f$(g) FROM "$S".t',
    ],
    ['ALTER TABLE a ADD b int DEFAULT $N', 'ALTER TABLE a ADD b int DEFAULT "$N"()'],
    // Numbers, literals, defaults that may be computed for every row, values beside the statement.
    ['ALTER TABLE a ALTER b SET STATISTICS ${n}', 'ALTER TABLE a ALTER b SET STATISTICS 1'],
    ['ALTER TABLE a ADD b varchar({{ n }})', 'ALTER TABLE a ADD b varchar(1)'],
    ['ALTER TYPE mood ADD VALUE {{ v }}', "ALTER TYPE mood ADD VALUE '{{ v }}'"],
    ["COMMENT ON TABLE a IS :'says'", "COMMENT ON TABLE a IS ':''says'''"],
    ['ALTER TABLE a ADD b int DEFAULT ${n}', 'ALTER TABLE a ADD b int DEFAULT "${n}"()'],
    ['INSERT INTO a VALUES (?, %s, %(b)s, $1)', 'INSERT INTO a VALUES ( $1 , $1 , $1 , $1)'],
    // Branches.
    ['CREATE INDEX {% if c %}CONCURRENTLY{% endif %} i ON a (b)', 'CREATE INDEX i ON a (b)'],
    // Beside it, PostgreSQL's own.
    [
      "SELECT a ? 'b', a[1:n], b::int, '{{1,2}}', 7 %3 FROM ${t}",
      `SELECT a ? 'b', a[1:n], b::int, '{{1,2}}', 7 %3 FROM "\${t}"`,
    ],
    ["SELECT '{{' || a || '}}' FROM ${t}", `SELECT '{{' || a || '}}' FROM "\${t}"`],
    ['SELECT $q$ {{ it\'s; }} $q$, /* {{ " */ 1 FROM ${t}', 'SELECT $q$ {{ it\'s; }} $q$, /* {{ " */ 1 FROM "${t}"'],
  ])('in %s', (sql, expected) => {
    expect(readAs(sql).map((text) => text.replaceAll(/\s+/g, ' '))).toEqual([expected.trim()]);
    const [statement] = read(sql).statements;
    expect(statement?.range).toEqual({ start: 0, end: sql.length });
  });

  test('leaves what PostgreSQL can read as it stands', () => {
    const sql = [
      "SELECT a ? 'b', a ?| c, a @@ b, a <% b, a %> b, 5 % 3, a[1:n], x::int, $1, '{{1,2}}', '${x}', ':y' FROM t",
      'CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS $$ SELECT $1 $$',
      'PREPARE p AS SELECT $1::int',
      'SELECT a[b[1]], ARRAY[[c]], $s$ $S $s$, $$$$, d$e, f$(g) FROM t',
      'DO $do$ DECLARE a int[] := $q${1}$q$; BEGIN a[a[1]] := 1; END $do$',
      'DROP TABLE /* TEMPLATE: schema */users',
      'DROP TABLE "{{ schema }}".users',
    ];
    expect(readAs(sql.join(';\n'))).toEqual(sql);
    expect(read(sql.join(';\n')).standIns).toEqual([]);
  });

  test('hides no other statement, whatever is in it', () => {
    expect(readAs(`DROP TABLE {{ a "it's; " }}.b;\nSELECT 1;\nDROP TABLE <%= h[';'] %>.c; SELECT 2`)).toEqual([
      `DROP TABLE "{{ a 'it's; ' }}".b`,
      'SELECT 1',
      `DROP TABLE "<%= h[';'] %>".c`,
      'SELECT 2',
    ]);
  });

  test('of a clause is said, and of a statement too', () => {
    expect(
      readAs('ALTER TABLE a ADD b int {{ how }};\nALTER TABLE a {{ what }};\n{{ all }};\n{{ template "x" . }}'),
    ).toEqual([
      'ALTER TABLE a ADD b int',
      '! what {{ what }} stands for',
      '! what {{ all }} stands for',
      '! what {{ how }} stands for is not known',
      '! what {{ template "x" . }} brings in is not known',
    ]);
  });

  test('in branches of a statement: both where they can stand together, else the first', () => {
    expect(readAs('ALTER TABLE a ADD b int{{ if .C }}, ADD c int{{ end }};')).toEqual([
      'ALTER TABLE a ADD b int , ADD c int',
    ]);
    expect(readAs('ALTER TABLE a ADD b {% if c %}int{% else %}text{% endif %}')).toEqual(['ALTER TABLE a ADD b int']);
  });

  test('in both branches of a file is read', () => {
    const sql =
      '{{- if .X }}\nDROP TABLE a;\n{{ else }}\nDROP TABLE b;\n{{ end -}}\n<% if x %>\nDROP TABLE c;\n<% end %>';
    expect(readAs(sql)).toEqual(['DROP TABLE a', 'DROP TABLE b', 'DROP TABLE c']);
  });

  test.each([
    // The one that counts on less is read where one of them is gentle.
    ['{{if .X}}CREATE INDEX CONCURRENTLY{{else}}CREATE INDEX{{end}} i ON t (a);', ['CREATE INDEX i ON t (a)']],
    ['{{if .X}}CREATE INDEX{{else}}CREATE INDEX CONCURRENTLY{{end}} i ON t (a);', ['CREATE INDEX i ON t (a)']],
    ['<% if x %>ALTER TABLE a<% else %>ALTER TABLE b<% end %> ADD c int;', ['ALTER TABLE a ADD c int']],
    ['{% if x %}DROP TABLE a{% elif y %}DROP TABLE b{% else %}DROP TABLE c{% endif %};', ['DROP TABLE a']],
    ['{{#if x}}DROP TABLE a{{else}}DROP TABLE b{{/if}}', ['DROP TABLE a']],
    ['{{if .X}}SELECT 1;\nDROP TABLE{{else}}DROP VIEW{{end}} a;\nSELECT 2', ['SELECT 1', 'DROP TABLE a', 'SELECT 2']],
    ['{{if .X}}DROP {{if .Y}}TABLE{{else}}VIEW{{end}}{{else}}DROP INDEX{{end}} a;', ['DROP TABLE a']],
    ['INSERT INTO a VALUES {{range .R}}({{.}}){{if .More}},{{end}}{{end}};', ['INSERT INTO a VALUES ("{{.}}")']],
  ])('in branches that are whole statements without their end: one is read, and said, of %s', (sql, expected) => {
    expect(readAs(sql)).toEqual(expected);
    const { statements, standIns } = read(sql);
    for (const { text, range } of statements) expect(sql.slice(range.start, range.start + 4)).toBe(text.slice(0, 4));
    expect(standIns.find(({ as }) => as === 'branch')?.range.start).toBe(sql.search(/\{\{#?if|\{%|<%/));
  });

  test('in branches with an end each: what goes on from a statement before is said, and the rest is read', () => {
    const sql = 'CREATE {{if .X}}TABLE a ();{{else}}VIEW a AS SELECT 1; DROP TABLE b;{{end}}\nSELECT 1;';
    expect(readAs(sql)).toEqual([
      'CREATE TABLE a ()',
      'DROP TABLE b',
      'SELECT 1',
      '! what follows {{else}} goes on from a statement before it, and is not read',
    ]);
  });

  test('in branches of which none can be read is no syntax error', () => {
    expect(readAs('{{range .T}}ALTER TABLE{{else}}DROP{{end}} ;SELECT 1')).toEqual([
      '! what {{else}} stands for',
      'SELECT 1',
    ]);
  });

  test('of a condition is for no server, whichever branch is read', () => {
    for (const sql of ['ALTER TABLE a {{ if .C }}ADD c int{{ end }};', '{{if .X}}SELECT 1;{{else}}SELECT 2;{{end}}'])
      expect(notForServer(read(sql))?.what).toMatch(/^the condition \{\{ ?if \.[CX] ?\}\} of a template$/);
  });

  test('is told with where it stands', () => {
    const sql = 'SELECT 1;\nDROP TABLE {{ .Schema }}.a;';
    expect(read(sql).standIns).toEqual([{ placeholder: '{{ .Schema }}', range: { start: 21, end: 34 }, as: 'name' }]);
  });

  test('makes no error of something else good', () => {
    expect(readAs('SELEC {{ a }} FRM b;\nSELECT a FRM b c d')).toEqual([
      '! what {{ a }} stands for',
      '! syntax error at or near "b"',
    ]);
    expect(readAs('ALTER TABLE a ADD ?;\nCREATE TABEL :x (a int)')).toEqual([
      expect.stringContaining('! syntax error'),
      '! syntax error at or near "TABEL"',
    ]);
  });

  test('a thousand of them, and too many that nothing fits', () => {
    const rows = Array.from({ length: 1000 }, (_, at) => `(\${a${at}}, ?)`);
    expect(readAs(`INSERT INTO t VALUES ${rows.join(', ')}`)).toHaveLength(1);
    expect(readAs(`ALTER ${'{{ a }} '.repeat(1000)}`)).toEqual(['! what {{ a }} stands for']);
  });
});

describe('in code', () => {
  test('placeholders are names where it would not be read otherwise', () => {
    const sql = [
      'DO $$ BEGIN\n  ALTER TABLE {{ index .Options "Namespace" }}.a ADD b int;\nEND $$',
      "DO $$ BEGIN RAISE NOTICE '{{ x }}'; END $$",
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $f$ SELECT 1 FROM ${schema}.a $f$',
    ];
    const { statements, standIns } = read(sql.join(';\n'));
    expect(statements.map(({ text }) => text)).toEqual([
      `DO $$ BEGIN\n  ALTER TABLE "{{ index .Options 'Namespace' }}".a ADD b int;\nEND $$`,
      sql[1],
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $f$ SELECT 1 FROM "${schema}".a $f$',
    ]);
    expect(standIns.map(({ placeholder }) => placeholder)).toEqual(['{{ index .Options "Namespace" }}', '${schema}']);
    const files = lint([read(sql.join(';\n'))], emptyCatalog(), { rules, severities: {}, version: 18 });
    expect(files[0]?.findings.map(({ rule }) => rule)).not.toContain('not-understood');
  });

  test('findings point at their line', () => {
    const sql = 'SELECT 1;\nDO $$\nBEGIN\n  CREATE INDEX ON ${a_long_name}.a (b);\nEND $$;';
    const [file] = lint([read(sql)], emptyCatalog(), { rules, severities: {}, version: 18 });
    expect(file?.findings.map(({ rule, range }) => [rule, sql.slice(range.start, range.end)])).toContainEqual([
      'create-index-blocking',
      'CREATE INDEX ON ${a_long_name}.a (b);',
    ]);
  });
});

describe('a value that is given', () => {
  test.each([
    ['DROP TABLE {{ index .Options "S" }}.{{ .S }}_{{.Values.S}}_${S}_${flyway:S}', 'DROP TABLE app.app_app_app_app'],
    [
      'DROP TABLE <%= S %>.<%= vars["S"] %>, ${S:-b}.a, @@S@@.b, {{ S | quote }}.c',
      'DROP TABLE app.app, app.a, app.b, app.c',
    ],
    [`SELECT :'S', :"S".a, x::S, y[1:S], %(S)s`, `SELECT 'app', "app".a, x::S, y[1app], app`],
    ["SELECT '${S}', $$ :S $$", "SELECT 'app', $$ app $$"],
    ["SELECT '$S', $(S), t.[[ S ]], $$S.$S$$, $S$ $$ $S$, $1", "SELECT 'app', app, t.app, $$S.$S$$, $S$ $$ $S$, $1"],
  ])('fills %s', (sql, expected) => {
    expect(readAs(sql.replace('y[1:S], ', ''), { S: 'app' })).toEqual([expected.replace('y[1app], ', '')]);
    expect(read(sql.replace('y[1:S], ', ''), { S: 'app' }).standIns).toEqual([]);
  });
});

const PLACEHOLDER = fc.oneof(
  fc.stringMatching(/^[a-z😀é]{1,40}$/u).map((name) => `{{ .${name} }}`),
  fc.stringMatching(/^[a-z]{1,80}$/).map((name) => `\${${name}}`),
  fc.stringMatching(/^[a-z]{1,9}$/).map((name) => `{{ index .O\r\n "${name}" }}`),
  fc.stringMatching(/^[a-z]{1,9}$/).map((name) => `<%= ${name}['é;'] %>`),
);
const BETWEEN = fc.constantFrom('\n', '\r\n', " -- it's 😀 ;\r\n", '/* é ; */', '\n\n');

test('positions stay exact beside placeholders of any length', () => {
  const statement = fc.tuple(
    PLACEHOLDER,
    fc.constantFrom(
      (p: string) => `DROP TABLE ${p}.a`,
      (p: string) => `ALTER TABLE x_${p} ADD "é😀" int`,
      (p: string) => `SELECT '😀', ${p}::text`,
      () => 'SELECT 1',
      (p: string) => `CREATE INDEX i ON ${p} (a)`,
    ),
    BETWEEN,
  );
  fc.assert(
    fc.property(fc.boolean(), fc.array(statement, { minLength: 1, maxLength: 8 }), (bom, parts) => {
      const sql = parts.map(([placeholder, make]) => make(placeholder));
      const text = `${bom ? '\uFEFF' : ''}${parts.map(([, , between], at) => `${between}${sql[at]};`).join('')}`;
      const { source, statements, faults, standIns } = read(text);
      expect(faults).toEqual([]);
      expect(statements.map(({ range }) => source.text.slice(range.start, range.end))).toEqual(sql);
      for (const { placeholder, range } of standIns)
        expect(source.text.slice(range.start, range.end)).toBe(placeholder);
    }),
    { numRuns: 150 },
  );
});

test('without placeholders, a statement beside one that needs a stand-in is read as on its own', () => {
  const shapes = SHAPES.map(({ sql }) => sql);
  fc.assert(
    fc.property(fc.subarray(shapes, { minLength: 1, maxLength: 5 }), (parts) => {
      const alone = read(`${parts.join(';\n')};`);
      const beside = read(`${parts.join(';\n')};\nDROP TABLE \${schema}.a;`);
      expect(alone.standIns).toEqual([]);
      expect(beside.statements.slice(0, -1)).toEqual(alone.statements);
      expect(beside.comments).toEqual(alone.comments);
      expect(beside.standIns).toHaveLength(1);
    }),
    { numRuns: 60 },
  );
});
