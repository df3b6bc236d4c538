import { type Catalog, emptyCatalog } from '../catalog/catalog.ts';
import type { Session } from '../db/session.ts';
import { quoteIdent } from '../postgres/quote.ts';
import type { Script, Statement } from '../sql/statement.ts';
import { ownFailure } from './failure.ts';
import { type Lookup, namesBefore } from './names-before.ts';
import { stop, type Stop } from './stop.ts';
import { type Right, type Wanted, wantedRights } from './wanted-rights.ts';

export interface AtPrivileges {
  /** The whole history, in order. */
  readonly scripts: readonly Script[];
  /** Whether a statement is to be run now. */
  readonly isPending: (script: Script, statement: number) => boolean;
  /** Where the role's unqualified names are found. */
  readonly searchPath: readonly string[];
  readonly version: number;
}

/** Something on the server that the role lacks a right on. */
interface Missing {
  readonly wanted: Wanted;
  readonly right: Right;
  readonly owner: string;
  /** As SQL names it. */
  readonly name: string;
}

/**
 * Why the role of this session cannot run what is pending: it does not own what a file alters, say. Null when it can, and when that is not
 * certain: then the server will tell. Asks about what is there before the run, and under the name that it has there.
 */
export async function missingPrivileges(session: Session, at: AtPrivileges): Promise<Stop | null> {
  const [who] = await session.query<{ role: string; all: boolean }>(
    `SELECT current_user AS role, pg_catalog.current_setting('is_superuser')::pg_catalog.bool AS all`,
  );
  if (who === undefined || who.all) return null;
  const pending = new Set(
    at.scripts.flatMap((script) => script.statements.filter(({ index }) => at.isPending(script, index))),
  );
  const wanted = wantedRights(at.scripts, startingCatalog(at), at.version, (statement) => pending.has(statement));
  const missing = await findMissing(session, wanted, lookupsOf(wanted, at, pending));
  const [first] = missing;
  return first === undefined ? null : refusal(who.role, first, new Set(missing.map((one) => one.wanted)).size);
}

function startingCatalog({ searchPath }: AtPrivileges): Catalog {
  const catalog = emptyCatalog();
  catalog.session = { searchPath, settings: new Map() };
  return catalog;
}

/** What each right is about on the server before the run; none where the run makes it. */
type Lookups = (statement: Statement, relation: string) => readonly Lookup[];

function lookupsOf(wanted: readonly Wanted[], at: AtPrivileges, pending: ReadonlySet<Statement>): Lookups {
  const asked = wanted.flatMap(({ statement, rights }) => {
    const relations = rights.flatMap((right) => (right.kind === 'create' ? [] : [right.relation]));
    return relations.length === 0 ? [] : [{ statement, relations }];
  });
  if (asked.length === 0) return () => [];
  const names = namesBefore(at.scripts, startingCatalog(at), at.version, (statement) => pending.has(statement), asked);
  return (statement, relation) => names.get(statement)?.get(relation) ?? [];
}

async function findMissing(session: Session, wanted: readonly Wanted[], lookups: Lookups): Promise<Missing[]> {
  const relations = new Set<string>();
  const schemas = new Set<string>();
  for (const { statement, rights } of wanted)
    for (const right of rights) {
      if (right.kind === 'create') schemas.add(right.schema);
      else for (const name of lookups(statement, right.relation).flat()) relations.add(name);
    }
  const onRelations = relations.size === 0 ? NONE : await readRelations(session, [...relations]);
  const onSchemas = schemas.size === 0 ? NONE : await readSchemas(session, [...schemas]);
  return wanted.flatMap((one) =>
    one.rights.flatMap((right): Missing[] => {
      const held =
        right.kind === 'create'
          ? onSchemas.get(right.schema)
          : lookups(one.statement, right.relation)
              .map((lookup) => lookup.map((name) => onRelations.get(name)).find((found) => found !== undefined))
              .find((found) => found !== undefined);
      if (held === undefined || held.kinds.has(right.kind)) return [];
      return [{ wanted: one, right, owner: held.owner, name: held.name }];
    }),
  );
}

interface Held {
  readonly owner: string;
  /** As SQL names it. */
  readonly name: string;
  readonly kinds: ReadonlySet<Right['kind']>;
}

const NONE: ReadonlyMap<string, Held> = new Map();

async function readRelations(session: Session, asked: readonly string[]): Promise<ReadonlyMap<string, Held>> {
  const rows = await session.query<{
    asked: string;
    owner: string;
    name: string;
    owned: boolean;
    droppable: boolean;
    refers: boolean;
    triggers: boolean;
  }>(
    `SELECT w.asked, pg_catalog.pg_get_userbyid(c.relowner) AS owner,
            pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name,
            pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned,
            pg_catalog.pg_has_role(c.relowner, 'USAGE') OR pg_catalog.pg_has_role(n.nspowner, 'USAGE') AS droppable,
            c.relkind NOT IN ('r', 'p') OR pg_catalog.has_any_column_privilege(c.oid, 'REFERENCES') AS refers,
            c.relkind NOT IN ('r', 'p', 'v', 'f') OR pg_catalog.has_table_privilege(c.oid, 'TRIGGER') AS triggers
       FROM pg_catalog.unnest($1::pg_catalog.text[]) AS w (asked)
       JOIN pg_catalog.pg_namespace n ON pg_catalog.starts_with(w.asked, n.nspname)
       JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND w.asked = n.nspname || '.' || c.relname`,
    [asked],
  );
  return new Map(
    rows.map(({ asked: key, owner, name, owned, droppable, refers, triggers }) => {
      const kinds = new Set<Right['kind']>();
      if (owned) kinds.add('owner');
      if (droppable) kinds.add('owner-or-schema');
      if (refers) kinds.add('references');
      if (triggers) kinds.add('trigger');
      return [key, { owner, name, kinds }];
    }),
  );
}

async function readSchemas(session: Session, asked: readonly string[]): Promise<ReadonlyMap<string, Held>> {
  const rows = await session.query<{ asked: string; owner: string; name: string; may: boolean }>(
    `SELECT n.nspname AS asked, pg_catalog.pg_get_userbyid(n.nspowner) AS owner, pg_catalog.quote_ident(n.nspname) AS name,
            pg_catalog.has_schema_privilege(n.oid, 'CREATE') AS may
       FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY ($1::pg_catalog.text[])`,
    [asked],
  );
  return new Map(
    rows.map(({ asked: key, owner, name, may }) => [key, { owner, name, kinds: new Set(may ? ['create'] : []) }]),
  );
}

function refusal(role: string, { wanted, right, owner, name }: Missing, statements: number): Stop {
  const { script, statement } = wanted;
  const others =
    statements === 1 ? '' : `, as ${statements === 2 ? 'does 1 statement' : `do ${statements - 1} statements`} more`;
  const [message, hint] = explain(right, { role, to: quoteIdent(role), owner, name });
  return {
    ...stop(
      'missing-privilege',
      `${script.source.path} needs a right that the role ${role} does not have${others}; nothing was applied.`,
      'Run again when it has; or run tiptoe as a role that does.',
      { failure: ownFailure(script, statement, message, hint) },
    ),
    outcome: 'refused',
  };
}

function explain(
  right: Right,
  {
    role,
    to,
    owner,
    name,
  }: { readonly role: string; readonly to: string; readonly owner: string; readonly name: string },
): [message: string, hint: string] {
  switch (right.kind) {
    case 'owner':
    case 'owner-or-schema':
      return [
        `${name} belongs to ${owner}, and the role ${role} is no member of that role`,
        `Run tiptoe as ${owner}; or make ${role} a member: GRANT ${quoteIdent(owner)} TO ${to};`,
      ];
    case 'references':
      return [
        `the role ${role} may not refer to ${name} of ${owner} by a foreign key`,
        `As ${owner}: GRANT REFERENCES ON ${name} TO ${to};`,
      ];
    case 'trigger':
      return [
        `the role ${role} may not make a trigger on ${name} of ${owner}`,
        `As ${owner}: GRANT TRIGGER ON ${name} TO ${to};`,
      ];
    case 'create':
      return [
        `the role ${role} may not create anything in the schema ${name} of ${owner}`,
        `As ${owner}: GRANT CREATE ON SCHEMA ${name} TO ${to};`,
      ];
  }
}
