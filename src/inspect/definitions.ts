import type { Session } from '../db/session.ts';

/**
 * The user's objects of a database as SQL, in an order in which it could be run: what lint reads of a live server takes the same way as a
 * migration. The session's `search_path` must be pg_catalog, so that every other name comes with its schema.
 */
export async function readDefinitions(session: Session, version: number): Promise<string[]> {
  const sections: string[][] = [];
  for (const query of [...BEFORE_VIEWS(version), VIEWS, ...AFTER_VIEWS(version)]) {
    const rows = await session.query<Definition>(query);
    sections.push((query === VIEWS ? readableOrder(rows) : rows).map(({ sql }) => sql));
  }
  return sections.flat();
}

interface Definition {
  readonly sql: string;
  /** Of a view: its own OID, and the views that it reads. */
  readonly oid?: string;
  readonly reads?: string;
}

/** Views after those that they read; CREATE OR REPLACE VIEW may have made an older one read a newer one. */
function readableOrder(views: readonly Definition[]): Definition[] {
  const pending = new Map(views.map((view) => [view.oid, view]));
  const ordered: Definition[] = [];
  const visit = (view: Definition): void => {
    if (!pending.delete(view.oid)) return;
    for (const oid of view.reads?.split(' ') ?? []) {
      const read = pending.get(oid);
      if (read !== undefined) visit(read);
    }
    ordered.push(view);
  };
  for (const view of views) visit(view);
  return ordered;
}

const USERS_OWN = (namespace: string): string =>
  `${namespace}.nspname !~ '^pg_' AND ${namespace}.nspname <> 'information_schema'`;
const RELATION = (oid: string): string => `${oid}::regclass`;
const IN_NAMESPACE = (oid: string): string => `JOIN pg_namespace n ON n.oid = ${oid} AND ${USERS_OWN('n')}`;

const SCHEMAS = `SELECT format('CREATE SCHEMA IF NOT EXISTS %I', n.nspname) AS sql FROM pg_namespace n WHERE ${USERS_OWN('n')} ORDER BY n.oid`;

const TYPES = `
  SELECT CASE t.typtype
           WHEN 'e' THEN format('CREATE TYPE %I.%I AS ENUM (%s)', n.nspname, t.typname,
             (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))
           WHEN 'r' THEN format('CREATE TYPE %I.%I AS RANGE (SUBTYPE = %s)', n.nspname, t.typname,
             (SELECT format_type(r.rngsubtype, NULL) FROM pg_range r WHERE r.rngtypid = t.oid))
           WHEN 'c' THEN format('CREATE TYPE %I.%I AS (%s)', n.nspname, t.typname,
             (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
                FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped))
           ELSE format('CREATE DOMAIN %I.%I AS %s%s%s', n.nspname, t.typname, format_type(t.typbasetype, t.typtypmod),
             CASE WHEN t.typdefault IS NOT NULL THEN ' DEFAULT ' || coalesce(pg_get_expr(t.typdefaultbin, 0), quote_literal(t.typdefault)) END,
             CASE WHEN t.typnotnull THEN ' NOT NULL' END)
         END AS sql
    FROM pg_type t ${IN_NAMESPACE('t.typnamespace')}
    LEFT JOIN pg_class c ON c.oid = t.typrelid
   WHERE t.typtype IN ('e', 'r', 'd') OR t.typtype = 'c' AND c.relkind = 'c'
   ORDER BY t.oid`;

const DOMAIN_CONSTRAINTS = `
  SELECT format('ALTER DOMAIN %s ADD CONSTRAINT %I %s', format_type(k.contypid, NULL), k.conname, pg_get_constraintdef(k.oid)) AS sql
    FROM pg_constraint k ${IN_NAMESPACE('k.connamespace')}
   WHERE k.contypid <> 0 AND k.contype = 'c' ORDER BY k.oid`;

/** An identity column makes its own sequence. */
const SEQUENCES = `
  SELECT format('CREATE SEQUENCE %I.%I', n.nspname, c.relname) AS sql
    FROM pg_class c ${IN_NAMESPACE('c.relnamespace')}
   WHERE c.relkind = 'S'
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')
   ORDER BY c.oid`;

const OWNED_SEQUENCES = `
  SELECT format('ALTER SEQUENCE %s OWNED BY %s.%I', ${RELATION('d.objid')}, ${RELATION('d.refobjid')}, a.attname) AS sql
    FROM pg_depend d
    JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S' ${IN_NAMESPACE('c.relnamespace')}
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
   WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a' ORDER BY c.oid`;

/** From 18 on NOT NULL is a constraint with a name, and may be NOT VALID, which only ALTER TABLE can say. */
const TABLES = (version: number): string => `
  SELECT format('CREATE %sTABLE %I.%I (%s)%s%s',
           CASE WHEN c.relkind = 'f' THEN 'FOREIGN ' WHEN c.relpersistence = 'u' THEN 'UNLOGGED ' END, n.nspname, c.relname,
           (SELECT string_agg(format('%I %s%s%s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
                     CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation END,
                     CASE WHEN a.attgenerated = '' AND d.adbin IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) END,
                     CASE WHEN a.attgenerated <> ''
                          THEN format(' GENERATED ALWAYS AS (%s) %s', pg_get_expr(d.adbin, d.adrelid),
                                      CASE a.attgenerated WHEN 's' THEN 'STORED' ELSE 'VIRTUAL' END)
                          WHEN a.attidentity <> ''
                          THEN format(' GENERATED %s AS IDENTITY', CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END) END,
                     ${
                       version >= 18
                         ? `(SELECT format(' CONSTRAINT %I NOT NULL%s', k.conname, CASE WHEN k.connoinherit THEN ' NO INHERIT' END)
                               FROM pg_constraint k
                              WHERE k.conrelid = c.oid AND k.contype = 'n' AND k.convalidated AND k.conkey = ARRAY[a.attnum])`
                         : `CASE WHEN a.attnotnull THEN ' NOT NULL' END`
                     }), ', ' ORDER BY a.attnum)
              FROM pg_attribute a
              JOIN pg_type t ON t.oid = a.atttypid
              LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
           CASE WHEN c.relkind = 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(c.oid) END,
           (SELECT format(' SERVER %I', s.srvname) FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid)
         ) AS sql
    FROM pg_class c ${IN_NAMESPACE('c.relnamespace')}
   WHERE c.relkind IN ('r', 'p', 'f') ORDER BY c.oid`;

const FUNCTIONS = `
  SELECT pg_get_functiondef(p.oid) AS sql
    FROM pg_proc p ${IN_NAMESPACE('p.pronamespace')} WHERE p.prokind <> 'a' ORDER BY p.oid`;

/** A foreign key to a partitioned table has a row for each of its partitions, which are not constraints of their own. */
const CONSTRAINTS = `
  SELECT format('ALTER TABLE ONLY %s ADD CONSTRAINT %I %s', ${RELATION('k.conrelid')}, k.conname, pg_get_constraintdef(k.oid)) AS sql
    FROM pg_constraint k ${IN_NAMESPACE('k.connamespace')}
    LEFT JOIN pg_constraint above ON above.oid = k.conparentid
   WHERE k.conrelid <> 0 AND (k.contype IN ('p', 'u', 'x', 'c', 'f') OR k.contype = 'n' AND NOT k.convalidated)
     AND (above.oid IS NULL OR above.conrelid <> k.conrelid)
   ORDER BY position(k.contype::text IN 'puxcnf'), k.oid`;

const INDEXES = `
  SELECT pg_get_indexdef(i.indexrelid) AS sql
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid ${IN_NAMESPACE('c.relnamespace')}
    JOIN pg_class t ON t.oid = i.indrelid AND t.relkind IN ('r', 'p')
   WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
   ORDER BY i.indexrelid`;

/** Before the indexes: a table that is attached to one with indexes would get what it lacks of them. */
const HIERARCHY = `
  SELECT CASE WHEN c.relispartition THEN format('ALTER TABLE ONLY %s ATTACH PARTITION %s %s', ${RELATION('h.inhparent')}, ${RELATION('c.oid')},
                                                pg_get_expr(c.relpartbound, c.oid))
              ELSE format('ALTER TABLE ONLY %s INHERIT %s', ${RELATION('c.oid')}, ${RELATION('h.inhparent')}) END AS sql
    FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid AND c.relkind NOT IN ('i', 'I') ${IN_NAMESPACE('c.relnamespace')}
   ORDER BY h.inhrelid, h.inhseqno`;

const INDEX_PARTS = `
  SELECT format('ALTER INDEX %s ATTACH PARTITION %s', ${RELATION('h.inhparent')}, ${RELATION('c.oid')}) AS sql
    FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid AND c.relkind IN ('i', 'I') ${IN_NAMESPACE('c.relnamespace')}
   ORDER BY h.inhrelid`;

const VIEWS = `
  SELECT c.oid::text AS oid,
         format('CREATE %sVIEW %I.%I AS %s', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED ' END, n.nspname, c.relname, pg_get_viewdef(c.oid)) AS sql,
         (SELECT string_agg(DISTINCT d.refobjid::text, ' ')
            FROM pg_rewrite r
            JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
           WHERE r.ev_class = c.oid AND d.refobjid <> c.oid) AS reads
    FROM pg_class c ${IN_NAMESPACE('c.relnamespace')}
   WHERE c.relkind IN ('v', 'm') ORDER BY c.oid`;

const VIEW_INDEXES = INDEXES.replace("('r', 'p')", "('m')");

const TRIGGERS = `
  SELECT pg_get_triggerdef(g.oid) AS sql
    FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid ${IN_NAMESPACE('c.relnamespace')}
   WHERE NOT g.tgisinternal ORDER BY g.oid`;

const RULES = `
  SELECT pg_get_ruledef(r.oid) AS sql
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class ${IN_NAMESPACE('c.relnamespace')}
   WHERE r.rulename <> '_RETURN' ORDER BY r.oid`;

const POLICIES = `
  SELECT format('CREATE POLICY %I ON %s%s%s', p.polname, ${RELATION('p.polrelid')},
           ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')') AS sql
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid ${IN_NAMESPACE('c.relnamespace')} ORDER BY p.oid`;

const STATISTICS = `
  SELECT pg_get_statisticsobjdef(s.oid) AS sql FROM pg_statistic_ext s ${IN_NAMESPACE('s.stxnamespace')} ORDER BY s.oid`;

const REPLICA_IDENTITY = `
  SELECT format('ALTER TABLE %s REPLICA IDENTITY %s', ${RELATION('c.oid')},
           CASE c.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
             ELSE (SELECT format('USING INDEX %I', x.relname)
                     FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid AND i.indisreplident) END) AS sql
    FROM pg_class c ${IN_NAMESPACE('c.relnamespace')}
   WHERE c.relkind IN ('r', 'p') AND c.relreplident <> 'd'
     AND (c.relreplident <> 'i' OR EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident))
   ORDER BY c.oid`;

const COLUMN_LIST = `
  || coalesce((SELECT ' (' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')'
                 FROM pg_attribute a WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)), '')`;

const PUBLICATIONS = (version: number): string => `
  SELECT format('CREATE PUBLICATION %I%s%s', p.pubname,
           CASE WHEN p.puballtables THEN ' FOR ALL TABLES'
                ELSE (SELECT ' FOR ' || string_agg(member, ', ')
                        FROM (SELECT format('TABLE %s', ${RELATION('r.prrelid')})${version >= 15 ? COLUMN_LIST : ''} AS member FROM pg_publication_rel r WHERE r.prpubid = p.oid
                              ${
                                version >= 15
                                  ? `UNION ALL
                              SELECT format('TABLES IN SCHEMA %I', s.nspname)
                                FROM pg_publication_namespace m JOIN pg_namespace s ON s.oid = m.pnnspid WHERE m.pnpubid = p.oid`
                                  : ''
                              }) AS members) END,
                CASE WHEN NOT (p.pubupdate OR p.pubdelete) THEN ' WITH (publish = ''insert'')' END) AS sql
    FROM pg_publication p ORDER BY p.oid`;

const BEFORE_VIEWS = (version: number): readonly string[] => [
  SCHEMAS,
  TYPES,
  DOMAIN_CONSTRAINTS,
  SEQUENCES,
  TABLES(version),
  OWNED_SEQUENCES,
  FUNCTIONS,
  CONSTRAINTS,
  HIERARCHY,
  INDEXES,
  INDEX_PARTS,
];

const AFTER_VIEWS = (version: number): readonly string[] => [
  VIEW_INDEXES,
  TRIGGERS,
  RULES,
  POLICIES,
  STATISTICS,
  REPLICA_IDENTITY,
  PUBLICATIONS(version),
];
