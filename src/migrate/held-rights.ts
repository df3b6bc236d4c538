import type { Session } from '../db/session.ts';
import type { Lookup } from './names-before.ts';
import type { RelationRight, Right } from './rights.ts';

/** Something on the server that the role lacks a right on. */
export interface Lacking {
  readonly owner: string;
  /** As SQL names it. */
  readonly name: string;
}

/** A right with the names that its relation may have on the server. */
export interface Asked {
  readonly right: Right;
  readonly names: readonly Lookup[];
}

/**
 * What the role of this session lacks, in the order asked; null where it has the right, or where what it is about is not there.
 */
export async function findLacking(
  session: Session,
  asked: readonly Asked[],
  version: number,
): Promise<(Lacking | null)[]> {
  const rights = asked.map(({ right }) => right);
  const relations = await readRelations(session, [...new Set(asked.flatMap(({ names }) => names.flat()))], version);
  const schemas = await readSchemas(session, rights);
  const database = await readDatabase(session, rights);
  const named = await readNamed(session, rights);
  return asked.map(({ right, names }) => {
    switch (right.kind) {
      case 'create':
      case 'usage':
      case 'schema-owner':
        return schemas(right.schema, right.kind);
      case 'create-in-database':
      case 'create-extension':
        return database(right);
      case 'execute':
      case 'type-owner':
        return named(right);
      default: {
        const found = names
          .map((lookup) => lookup.map((name) => relations.get(name)).find((one) => one !== undefined))
          .find((one) => one !== undefined);
        return found?.get(right.kind) ?? null;
      }
    }
  });
}

/** By relation and right: null where the role has it. */
type OnRelations = ReadonlyMap<string, ReadonlyMap<RelationRight, Lacking | null>>;

async function readRelations(session: Session, asked: readonly string[], version: number): Promise<OnRelations> {
  if (asked.length === 0) return new Map();
  const table = (right: string) => `pg_catalog.has_table_privilege(c.oid, '${right}')`;
  const column = (right: string) => `pg_catalog.has_any_column_privilege(c.oid, '${right}')`;
  const rows = await session.query<
    Record<Exclude<RelationRight, 'owner-of-all'>, boolean> & {
      asked: string;
      role: string;
      name: string;
      kinRole: string | null;
      kinName: string | null;
    }
  >(
    `SELECT w.asked, pg_catalog.pg_get_userbyid(c.relowner) AS role, ${qualified('n.nspname', 'c.relname')} AS name,
            kin.role AS "kinRole", kin.name AS "kinName",
            pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owner,
            pg_catalog.pg_has_role(c.relowner, 'USAGE') OR pg_catalog.pg_has_role(n.nspowner, 'USAGE') AS "owner-or-schema",
            pg_catalog.pg_has_role(c.relowner, 'USAGE')${version >= 17 ? ` OR ${table('MAINTAIN')}` : ''} AS maintain,
            c.relkind NOT IN ('r', 'p') OR ${column('REFERENCES')} AS references,
            c.relkind NOT IN ('r', 'p', 'v', 'f') OR ${table('TRIGGER')} AS trigger,
            c.relkind NOT IN ('r', 'p', 'f') OR ${table('TRUNCATE')} AS truncate,
            c.relkind NOT IN ('r', 'p', 'v', 'f') OR ${table('DELETE')} AS delete,
            c.relkind NOT IN ('r', 'p', 'v', 'm', 'f') OR ${column('SELECT')} AS select,
            c.relkind NOT IN ('r', 'p', 'v', 'f') OR ${column('INSERT')} AS insert,
            c.relkind NOT IN ('r', 'p', 'v', 'f') OR ${column('UPDATE')} AS update
       FROM pg_catalog.unnest($1::pg_catalog.text[]) AS w (asked)
       JOIN pg_catalog.pg_namespace n ON pg_catalog.starts_with(w.asked, n.nspname)
       JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND w.asked = n.nspname || '.' || c.relname
       LEFT JOIN LATERAL (
         WITH RECURSIVE kin (oid) AS (
           SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid
           UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN kin ON i.inhparent = kin.oid)
         SELECT pg_catalog.pg_get_userbyid(k.relowner) AS role, ${qualified('kn.nspname', 'k.relname')} AS name
           FROM kin JOIN pg_catalog.pg_class k ON k.oid = kin.oid JOIN pg_catalog.pg_namespace kn ON kn.oid = k.relnamespace
          WHERE NOT pg_catalog.pg_has_role(k.relowner, 'USAGE') ORDER BY kn.nspname, k.relname LIMIT 1) AS kin ON true`,
    [asked],
  );
  return new Map(
    rows.map(({ asked: key, role, name, kinRole, kinName, ...may }) => {
      const it = { owner: role, name };
      const kin = kinRole === null || kinName === null ? null : { owner: kinRole, name: kinName };
      const rights = new Map<RelationRight, Lacking | null>([['owner-of-all', may.owner ? kin : it]]);
      for (const right of RELATION_RIGHTS) rights.set(right, may[right] ? null : it);
      return [key, rights];
    }),
  );
}

const RELATION_RIGHTS = [
  'owner',
  'owner-or-schema',
  'maintain',
  'references',
  'trigger',
  'truncate',
  'delete',
  'select',
  'insert',
  'update',
] as const satisfies readonly RelationRight[];

type SchemaRight = Extract<Right, { readonly schema: string }>['kind'];

async function readSchemas(
  session: Session,
  rights: readonly Right[],
): Promise<(schema: string, right: SchemaRight) => Lacking | null> {
  const asked = [...new Set(rights.flatMap((right) => ('schema' in right ? [right.schema] : [])))];
  if (asked.length === 0) return () => null;
  const rows = await session.query<Record<SchemaRight, boolean> & { asked: string; role: string; name: string }>(
    `SELECT n.nspname AS asked, pg_catalog.pg_get_userbyid(n.nspowner) AS role, pg_catalog.quote_ident(n.nspname) AS name,
            pg_catalog.has_schema_privilege(n.oid, 'CREATE') AS create, pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS usage,
            pg_catalog.pg_has_role(n.nspowner, 'USAGE') AS "schema-owner"
       FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY ($1::pg_catalog.text[])`,
    [asked],
  );
  const found = new Map(rows.map((row) => [row.asked, row]));
  return (schema, right) => {
    const row = found.get(schema);
    return row === undefined || row[right] ? null : { owner: row.role, name: row.name };
  };
}

type DatabaseRight = Extract<Right, { readonly kind: 'create-in-database' | 'create-extension' }>;

/** Whoever makes a trusted extension needs CREATE in the database; who may make any other one, the server tells. */
async function readDatabase(
  session: Session,
  rights: readonly Right[],
): Promise<(right: DatabaseRight) => Lacking | null> {
  const asked = rights.filter((right) => right.kind === 'create-in-database' || right.kind === 'create-extension');
  if (asked.length === 0) return () => null;
  const [lacking] = await session.query<Lacking>(
    `SELECT pg_catalog.quote_ident(d.datname) AS name, pg_catalog.pg_get_userbyid(d.datdba) AS owner
       FROM pg_catalog.pg_database d
      WHERE d.datname = pg_catalog.current_database() AND NOT pg_catalog.has_database_privilege(d.oid, 'CREATE')`,
  );
  if (lacking === undefined) return () => null;
  const extensions = asked.flatMap((right) => (right.kind === 'create-extension' ? [right] : []));
  const trusted = await session.query<{ index: number }>(
    `SELECT w.index::pg_catalog.int4 AS index
       FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]))
              WITH ORDINALITY AS w (extension, version, index)
       JOIN pg_catalog.pg_available_extensions e ON e.name = w.extension AND e.installed_version IS NULL
       JOIN pg_catalog.pg_available_extension_versions v
         ON v.name = e.name AND v.version = coalesce(w.version, e.default_version) AND v.superuser AND v.trusted`,
    [extensions.map(({ extension }) => extension), extensions.map(({ version }) => version)],
  );
  const needed = new Set<Right>(trusted.flatMap(({ index }) => extensions[index - 1] ?? []));
  return (right) => (right.kind === 'create-in-database' || needed.has(right) ? lacking : null);
}

type NamedRight = Extract<Right, { readonly kind: 'execute' | 'type-owner' }>;

/** One of several functions or types that a name may mean is enough; which one is meant, the server knows. */
async function readNamed(session: Session, rights: readonly Right[]): Promise<(right: NamedRight) => Lacking | null> {
  const asked = rights.flatMap((right) => (right.kind === 'execute' || right.kind === 'type-owner' ? [right] : []));
  if (asked.length === 0) return () => null;
  const rows = await session.query<Lacking & { index: number }>(
    `SELECT w.index::pg_catalog.int4 AS index, min(found.owner) AS owner, min(found.name) AS name
       FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]),
                       pg_catalog.unnest($3::pg_catalog.text[]), pg_catalog.unnest($4::pg_catalog.int4[]))
              WITH ORDINALITY AS w (kind, name, schemas, arguments, index)
       JOIN pg_catalog.pg_namespace n ON n.nspname IN (SELECT pg_catalog.json_array_elements_text(w.schemas::pg_catalog.json))
                                     AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
       CROSS JOIN LATERAL (
         SELECT pg_catalog.has_function_privilege(p.oid, 'EXECUTE') AS may, pg_catalog.pg_get_userbyid(p.proowner) AS owner,
                ${qualified('n.nspname', 'p.proname')} || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' AS name
           FROM pg_catalog.pg_proc p
          WHERE w.kind = 'execute' AND p.pronamespace = n.oid AND p.proname = w.name
            AND w.arguments >= p.pronargs - p.pronargdefaults - (p.provariadic <> 0)::pg_catalog.int4
            AND (w.arguments <= greatest(p.pronargs, pg_catalog.cardinality(p.proallargtypes)) OR p.provariadic <> 0)
         UNION ALL
         SELECT pg_catalog.pg_has_role(t.typowner, 'USAGE'), pg_catalog.pg_get_userbyid(t.typowner), ${qualified('n.nspname', 't.typname')}
           FROM pg_catalog.pg_type t WHERE w.kind = 'type-owner' AND t.typnamespace = n.oid AND t.typname = w.name) AS found
      GROUP BY w.index HAVING NOT bool_or(found.may)`,
    [
      asked.map(({ kind }) => kind),
      asked.map(({ name }) => name),
      asked.map(({ schemas }) => JSON.stringify(schemas)),
      asked.map((right) => String(right.arguments)),
    ],
  );
  const lacking = new Map<Right, Lacking>(
    rows.flatMap(({ index, owner, name }) => {
      const right = asked[index - 1];
      return right === undefined ? [] : [[right, { owner, name }]];
    }),
  );
  return (right) => lacking.get(right) ?? null;
}

const qualified = (schema: string, name: string) =>
  `pg_catalog.quote_ident(${schema}) || '.' || pg_catalog.quote_ident(${name})`;
