import { type Maker, named, quoteIdent } from './draw.ts';
import { type } from './table-makers.ts';

export const OBJECT_MAKERS: Readonly<Record<string, Maker>> = {
  'create index': (draw) => {
    // Of a temporary table, the server ignores CONCURRENTLY.
    const table = draw.table(({ persistence }) => persistence !== 'temporary');
    const column = quoteIdent(draw.column(table));
    return `CREATE ${draw.often(30) ? 'UNIQUE ' : ''}INDEX ${draw.often(25) ? 'CONCURRENTLY ' : ''}${draw.often(70) ? draw.fresh('i') : ''} ON ${draw.often(15) ? 'ONLY ' : ''}${named(table)} (${draw.one([column, `coalesce(${column})`, `(${column} IS NULL)`])})${draw.one(['', ` WHERE ${column} IS NOT NULL`])}`;
  },
  'create index if not exists': (draw) => {
    const index = draw.index();
    return `CREATE INDEX IF NOT EXISTS ${quoteIdent(index.name)} ON ${named(index.table)} ((1))`;
  },
  'drop index': (draw) => `DROP INDEX ${draw.often(30) ? 'CONCURRENTLY ' : ''}${named(draw.index())}`,
  'rename index': (draw) => `ALTER INDEX ${named(draw.index())} RENAME TO ${draw.fresh('i')}`,
  'index options': (draw) =>
    `ALTER INDEX ${named(draw.index())} ${draw.one(['SET (fillfactor = 80)', 'RESET (fillfactor)', 'SET TABLESPACE pg_default'])}`,
  reindex: (draw) =>
    draw.often(50)
      ? `REINDEX TABLE ${draw.often(30) ? 'CONCURRENTLY ' : ''}${named(draw.table(({ persistence }) => persistence !== 'temporary'))}`
      : `REINDEX INDEX ${draw.often(30) ? 'CONCURRENTLY ' : ''}${named(draw.index())}`,
  cluster: (draw) => {
    const table = draw.table(({ indexes }) => indexes.size > 0);
    return `CLUSTER ${named(table)} USING ${quoteIdent(draw.one([...table.indexes]).name)}`;
  },
  vacuum: (draw) => `VACUUM ${draw.one(['', '(FULL) ', '(ANALYZE) '])}${named(draw.table())}`,
  analyze: (draw) => `ANALYZE ${named(draw.table())}`,
  truncate: (draw) => `TRUNCATE ${named(draw.table())}${draw.one(['', ' CASCADE', ' RESTART IDENTITY'])}`,
  'lock table': (draw) =>
    `LOCK TABLE ${draw.often(20) ? 'ONLY ' : ''}${named(draw.table())} IN ${draw.one(['ACCESS EXCLUSIVE', 'SHARE', 'ROW EXCLUSIVE', 'SHARE ROW EXCLUSIVE'])} MODE`,
  comment: (draw) => {
    const table = draw.table();
    return draw.one([
      `COMMENT ON TABLE ${named(table)} IS 'x'`,
      `COMMENT ON COLUMN ${named(table)}.${quoteIdent(draw.column(table))} IS 'x'`,
    ]);
  },
  grant: (draw) =>
    draw.one([
      `GRANT SELECT ON ${named(draw.table())} TO PUBLIC`,
      `REVOKE SELECT ON ${named(draw.table())} FROM PUBLIC`,
    ]),
  'create view': (draw) =>
    `CREATE ${draw.often(20) ? 'MATERIALIZED ' : ''}VIEW public.${draw.fresh('v')} AS SELECT count(*) AS n FROM ${named(draw.one(draw.relations('table', 'view')))}`,
  'replace view': (draw) =>
    `CREATE OR REPLACE VIEW ${named(draw.one(draw.relations('view')))} AS SELECT count(*) AS n FROM ${named(draw.table())}`,
  'drop view': (draw) => {
    const view = draw.one(draw.relations('view', 'materialized-view'));
    return `DROP ${view.kind === 'view' ? '' : 'MATERIALIZED '}VIEW ${named(view)}${draw.often(50) ? ' CASCADE' : ''}`;
  },
  'change view': (draw) =>
    `ALTER VIEW ${named(draw.one(draw.relations('view')))} ${draw.one([`RENAME TO ${draw.fresh('v')}`, 'SET SCHEMA other', 'SET (security_barrier = true)'])}`,
  'refresh materialized view': (draw) =>
    `REFRESH MATERIALIZED VIEW ${named(draw.one(draw.relations('materialized-view')))}`,
  'create sequence': (draw) => {
    const table = draw.table();
    return `CREATE SEQUENCE ${draw.often(10) ? 'IF NOT EXISTS ' : ''}${quoteIdent(table.schema)}.${draw.fresh('s')}${draw.one(['', ` OWNED BY ${named(table)}.${quoteIdent(draw.column(table))}`])}`;
  },
  'alter sequence': (draw) =>
    `ALTER SEQUENCE ${named(draw.one(draw.relations('sequence')))} ${draw.one(['INCREMENT 2', 'RESTART', `RENAME TO ${draw.fresh('s')}`])}`,
  'drop sequence': (draw) =>
    `DROP SEQUENCE ${named(draw.one(draw.relations('sequence')))}${draw.often(50) ? ' CASCADE' : ''}`,
  'create trigger': (draw) =>
    `CREATE TRIGGER ${draw.fresh('g')} BEFORE UPDATE ON ${named(draw.table())} FOR EACH ROW EXECUTE FUNCTION public.touch()`,
  'create trigger again': (draw) =>
    `CREATE TRIGGER g AFTER INSERT ON ${named(draw.table())} FOR EACH STATEMENT EXECUTE FUNCTION public.touch()`,
  'drop trigger': (draw) => `DROP TRIGGER ${draw.one(['', 'IF EXISTS '])}g ON ${named(draw.table())}`,
  'rename any trigger': (draw) => {
    const table = draw.table(({ triggers }) => triggers.size > 0);
    return `ALTER TRIGGER ${quoteIdent(draw.one([...table.triggers.keys()]))} ON ${named(table)} RENAME TO ${draw.fresh('g')}`;
  },
  'depends on extension': (draw) => {
    const table = draw.table(({ triggers }) => triggers.size > 0);
    return `ALTER TRIGGER ${quoteIdent(draw.one([...table.triggers.keys()]))} ON ${named(table)} DEPENDS ON EXTENSION plpgsql`;
  },
  'create composite type': (draw) => `CREATE TYPE public.${draw.fresh('o')} AS (x int)`,
  'alter composite type': (draw) =>
    `ALTER TYPE public.pair ADD ATTRIBUTE ${draw.fresh('w')} int${draw.one([' CASCADE', ''])}`,
  'create range type': (draw) => `CREATE TYPE public.${draw.fresh('h')} AS RANGE (SUBTYPE = int)`,
  'rename type': (draw) =>
    `ALTER TYPE ${draw
      .one([...draw.catalog.enums.keys()])
      .split('.')
      .map(quoteIdent)
      .join('.')} RENAME TO ${draw.fresh('e')}`,
  'drop type': (draw) =>
    `DROP TYPE ${draw
      .one([...draw.catalog.enums.keys()])
      .split('.')
      .map(quoteIdent)
      .join('.')}`,
  'alter function': (draw) => `ALTER FUNCTION public.f0() ${draw.one(['STABLE', 'VOLATILE'])}`,
  'drop function': (draw) => `DROP FUNCTION IF EXISTS public.f${1 + draw.below(2)}()`,
  call: (draw) => draw.one(['CALL public.note()', 'CALL public.stop()']),
  prepare: (draw) => {
    const [name] = draw.catalog.prepared.keys();
    return name === undefined
      ? `PREPARE ${draw.fresh('q')} AS SELECT 1`
      : `${draw.one(['EXECUTE', 'DEALLOCATE'])} ${quoteIdent(name)}`;
  },
  'prepare and run': (draw) =>
    draw.catalog.prepared.has('again')
      ? draw.one(['EXECUTE again', 'EXECUTE again', 'DEALLOCATE again'])
      : 'PREPARE again AS INSERT INTO public.log (note) VALUES (1)',
  explain: (draw) => `EXPLAIN ${draw.one(['', 'ANALYZE '])}SELECT count(*) FROM ${named(draw.table())}`,
  discard: () => 'DISCARD PLANS',
  savepoint: () => 'SAVEPOINT here',
  'runs alone': () => 'ALTER SYSTEM RESET work_mem',
  'alter publication': (draw) => `ALTER PUBLICATION tiptoe ADD TABLE ${named(draw.table())}`,
  'rename publication': (draw) => `ALTER PUBLICATION tiptoe_old RENAME TO ${draw.fresh('tiptoe_n')}`,
  'drop publication': (draw) => `DROP PUBLICATION ${draw.one(['tiptoe_old', 'tiptoe_older'])}`,
  'drop statistics': () => 'DROP STATISTICS public.known',
  'create policy': (draw) =>
    `CREATE POLICY p ON ${named(draw.table())} USING (${draw.one(['true', 'EXISTS (SELECT FROM public.base)'])})`,
  'alter policy': (draw) => {
    const table = draw.table(({ policies }) => policies.size > 0);
    return `ALTER POLICY ${quoteIdent(draw.one([...table.policies.keys()]))} ON ${named(table)} USING (false)`;
  },
  'drop policy': (draw) => `DROP POLICY p ON ${named(draw.table())}`,
  'create rule': (draw) => `CREATE RULE ${draw.fresh('u')} AS ON DELETE TO ${named(draw.table())} DO NOTHING`,
  'enable rule': (draw) => {
    const table = draw.table(({ rules }) => rules.size > 0);
    return `ALTER TABLE ${named(table)} ${draw.one(['ENABLE', 'DISABLE', 'ENABLE ALWAYS'])} RULE ${quoteIdent(draw.one([...table.rules.keys()]))}`;
  },
  'create enum': (draw) => `CREATE TYPE public.${draw.fresh('e')} AS ENUM ('a', 'b')`,
  'alter enum': (draw) => {
    const key = draw
      .one([...draw.catalog.enums.keys()])
      .split('.')
      .map(quoteIdent)
      .join('.');
    return `ALTER TYPE ${key} ${draw.one([`ADD VALUE '${draw.fresh('l')}'`, `ADD VALUE IF NOT EXISTS 'a'`, `RENAME VALUE 'b' TO '${draw.fresh('l')}'`])}`;
  },
  'create domain': (draw) =>
    `CREATE DOMAIN public.${draw.fresh('d')} AS ${type(draw)}${draw.one(['', '', ' CHECK (VALUE IS DISTINCT FROM NULL OR true)', ' NOT NULL'])}`,
  'alter domain': (draw) => {
    const key = draw
      .one([...draw.catalog.domains.keys()])
      .split('.')
      .map(quoteIdent)
      .join('.');
    return `ALTER DOMAIN ${key} ${draw.one([`ADD CONSTRAINT ${draw.fresh('k')} CHECK (true)`, `ADD CONSTRAINT ${draw.fresh('k')} CHECK (true) NOT VALID`, 'SET NOT NULL', 'DROP NOT NULL', 'SET DEFAULT NULL'])}`;
  },
  'create function': (draw) =>
    `CREATE OR REPLACE FUNCTION public.f${draw.below(3)}() RETURNS int LANGUAGE plpgsql ${draw.one(['STABLE', 'VOLATILE', 'IMMUTABLE'])} AS 'BEGIN RETURN 1; END'`,
  'default by function': (draw) =>
    `ALTER TABLE ${named(draw.table())} ADD COLUMN ${draw.fresh('n')} int DEFAULT public.f${draw.below(3)}()`,
  'create schema': (draw) => `CREATE SCHEMA ${draw.one(['', 'IF NOT EXISTS '])}${draw.fresh('z')}`,
  'drop schema': (draw) => `DROP SCHEMA ${draw.one(['', 'IF EXISTS '])}${draw.one(['z1', 'z2'])}`,
  'rename schema': (draw) => `ALTER SCHEMA z3 RENAME TO ${draw.fresh('y')}`,
  'create statistics': (draw) => {
    const table = draw.table(({ columns }) => columns.size > 1);
    return `CREATE STATISTICS ${quoteIdent(table.schema)}.${draw.fresh('q')} ON ${[...table.columns.keys()].slice(0, 2).map(quoteIdent).join(', ')} FROM ${named(table)}`;
  },
  'create publication': (draw) => `CREATE PUBLICATION ${draw.fresh('tiptoe_o')} FOR TABLE ${named(draw.table())}`,
  'create extension, notify': (draw) => draw.one(['CREATE EXTENSION IF NOT EXISTS citext', 'NOTIFY changed']),
  insert: (draw) => `INSERT INTO ${named(draw.table())} DEFAULT VALUES`,
  'insert from a query': (draw) => `INSERT INTO public.log (note) SELECT 'x' FROM ${named(draw.table())}`,
  update: (draw) => {
    const table = draw.table();
    const column = quoteIdent(draw.column(table, ({ generated, identity }) => generated === null && !identity));
    return `UPDATE ${named(table)} SET ${column} = ${column}`;
  },
  delete: (draw) => `DELETE FROM ${named(draw.table())} WHERE false`,
  select: (draw) =>
    `SELECT count(*) FROM ${named(draw.one(draw.relations('table', 'view')))}${draw.one(['', ' WHERE 1 = 1'])}`,
  set: (draw) =>
    draw.one([
      "SET TimeZone = 'UTC'",
      "SET TimeZone = 'Europe/Berlin'",
      'RESET TimeZone',
      'SET synchronous_commit = off',
    ]),
  'do block': (draw) => {
    const table = named(draw.table());
    return `DO $$ BEGIN ${draw.one([`ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS made int`, `EXECUTE 'LOCK TABLE ${table} IN SHARE MODE'`, 'PERFORM 1', `IF true THEN LOCK TABLE ${table}; END IF`])}; END $$`;
  },
};
