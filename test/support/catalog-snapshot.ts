import type { Session } from '../../src/db/session.ts';

type Row = Readonly<Record<string, unknown>>;

/** What a database holds, by name and definition, without the system's schemas and tiptoe's own. */
export type CatalogSnapshot = Readonly<Record<string, readonly Row[]>>;

/** The session's search_path decides which names in definitions are qualified. */
export async function catalogSnapshot(session: Session): Promise<CatalogSnapshot> {
  const sections: Record<string, readonly Row[]> = {};
  for (const [name, sql] of Object.entries(SECTIONS)) {
    const rows = await session.query<Row>(sql);
    sections[name] = rows.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  return sections;
}

const OURS = (schema: string) => `${schema} <> 'tiptoe' AND ${schema} <> 'information_schema' AND ${schema} !~ '^pg_'`;
const RELATION = `n.nspname || '.' || c.relname AS relation`;
const RELATIONS = `pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND ${OURS('n.nspname')}`;
const COMMENT = (oid: string, catalog: string) => `obj_description(${oid}, '${catalog}') AS comment`;

/** Every query starts with what names a row, and a row has no OID: two databases that hold the same give the same. */
const SECTIONS = {
  extensions: `SELECT extname, extversion FROM pg_extension`,
  schemas: `
    SELECT nspname, nspowner::regrole::text AS owner, nspacl::text AS privileges, ${COMMENT('oid', 'pg_namespace')}
      FROM pg_namespace WHERE ${OURS('nspname')}`,
  relations: `
    SELECT ${RELATION}, c.relkind, c.relpersistence, c.relowner::regrole::text AS owner, c.relacl::text AS privileges,
           c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.reloptions::text,
           pg_get_expr(c.relpartbound, c.oid) AS bound, pg_get_partkeydef(c.oid) AS partition_key,
           CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END AS definition, ${COMMENT('c.oid', 'pg_class')}
      FROM ${RELATIONS}`,
  columns: `
    SELECT ${RELATION}, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull,
           pg_get_expr(d.adbin, d.adrelid) AS default, a.attidentity, a.attgenerated, a.attstorage,
           a.attcollation::regcollation::text AS collation, a.attoptions::text, a.attacl::text AS privileges,
           col_description(c.oid, a.attnum) AS comment
      FROM ${RELATIONS} JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum`,
  constraints: `
    SELECT k.conrelid::regclass::text AS relation, k.contypid::regtype::text AS type, k.conname,
           pg_get_constraintdef(k.oid) AS definition, k.convalidated, ${COMMENT('k.oid', 'pg_constraint')}
      FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace AND ${OURS('n.nspname')}`,
  indexes: `
    SELECT ${RELATION}, pg_get_indexdef(c.oid) AS definition, i.indisprimary, i.indisvalid, i.indisready,
           i.indisclustered, i.indisreplident
      FROM ${RELATIONS} JOIN pg_index i ON i.indexrelid = c.oid`,
  functions: `
    SELECT p.oid::regprocedure::text AS signature, p.prokind, p.proowner::regrole::text AS owner,
           p.proacl::text AS privileges, CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END AS definition,
           ${COMMENT('p.oid', 'pg_proc')}
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND ${OURS('n.nspname')}`,
  triggers: `
    SELECT ${RELATION}, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid) AS definition, ${COMMENT('t.oid', 'pg_trigger')}
      FROM ${RELATIONS} JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal`,
  types: `
    SELECT n.nspname, t.typname, t.typtype, t.typowner::regrole::text AS owner, t.typacl::text AS privileges,
           t.typnotnull, t.typdefault, format_type(t.typbasetype, t.typtypmod) AS base,
           ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) AS labels,
           ${COMMENT('t.oid', 'pg_type')}
      FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace AND ${OURS('n.nspname')}`,
  policies: `
    SELECT ${RELATION}, p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[]::text AS roles,
           pg_get_expr(p.polqual, c.oid) AS using, pg_get_expr(p.polwithcheck, c.oid) AS check
      FROM ${RELATIONS} JOIN pg_policy p ON p.polrelid = c.oid`,
  rules: `
    SELECT ${RELATION}, r.rulename, pg_get_ruledef(r.oid) AS definition
      FROM ${RELATIONS} JOIN pg_rewrite r ON r.ev_class = c.oid`,
  sequences: `
    SELECT ${RELATION}, format_type(s.seqtypid, NULL) AS type, s.seqstart::text, s.seqincrement::text, s.seqmax::text,
           s.seqmin::text, s.seqcache::text, s.seqcycle, d.deptype, d.refobjid::regclass::text AS owner, a.attname AS column
      FROM ${RELATIONS} JOIN pg_sequence s ON s.seqrelid = c.oid
      LEFT JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
                           AND d.refclassid = 'pg_class'::regclass
      LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid`,
};
