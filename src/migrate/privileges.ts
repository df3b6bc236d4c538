import { type Catalog, emptyCatalog } from '../catalog/catalog.ts';
import type { Session } from '../db/session.ts';
import { quoteIdent } from '../postgres/quote.ts';
import type { Script, Statement } from '../sql/statement.ts';
import { ownFailure } from './failure.ts';
import { findLacking, type Lacking } from './held-rights.ts';
import { type Lookup, namesBefore } from './names-before.ts';
import type { RelationRight, Right } from './rights.ts';
import { stop, type Stop } from './stop.ts';
import { type Wanted, wantedRights } from './wanted-rights.ts';

export interface AtPrivileges {
  /** The whole history, in order. */
  readonly scripts: readonly Script[];
  /** Whether a statement is to be run now. */
  readonly isPending: (script: Script, statement: number) => boolean;
  /** Where the role's unqualified names are found. */
  readonly searchPath: readonly string[];
  readonly version: number;
}

interface Missing extends Lacking {
  readonly wanted: Wanted;
  readonly right: Right;
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
  const missing = await findMissing(session, wanted, lookupsOf(wanted, at, pending), at.version);
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
    const relations = rights.flatMap((right) => ('relation' in right ? [right.relation] : []));
    return relations.length === 0 ? [] : [{ statement, relations }];
  });
  if (asked.length === 0) return () => [];
  const names = namesBefore(at.scripts, startingCatalog(at), at.version, (statement) => pending.has(statement), asked);
  return (statement, relation) => names.get(statement)?.get(relation) ?? [];
}

async function findMissing(
  session: Session,
  wanted: readonly Wanted[],
  lookups: Lookups,
  version: number,
): Promise<Missing[]> {
  const asked = wanted.flatMap((one) =>
    one.rights.map((right) => ({
      wanted: one,
      right,
      names: 'relation' in right ? lookups(one.statement, right.relation) : [],
    })),
  );
  const lacking = await findLacking(session, asked, version);
  return asked.flatMap(({ wanted: one, right }, index): Missing[] => {
    const lacks = lacking[index] ?? null;
    return lacks === null ? [] : [{ wanted: one, right, ...lacks }];
  });
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
    case 'owner-of-all':
    case 'owner-or-schema':
    case 'maintain':
    case 'schema-owner':
    case 'type-owner':
      return [
        `${name} belongs to ${owner}, and the role ${role} is no member of that role`,
        `Run tiptoe as ${owner}; or make ${role} a member: GRANT ${quoteIdent(owner)} TO ${to};`,
      ];
    case 'create':
      return [
        `the role ${role} may not create anything in the schema ${name} of ${owner}`,
        `As ${owner}: GRANT CREATE ON SCHEMA ${name} TO ${to};`,
      ];
    case 'usage':
      return [
        `the role ${role} may not use the schema ${name} of ${owner}`,
        `As ${owner}: GRANT USAGE ON SCHEMA ${name} TO ${to};`,
      ];
    case 'create-in-database':
    case 'create-extension': {
      const what = right.kind === 'create-extension' ? `the extension ${quoteIdent(right.extension)}` : right.what;
      return [
        `the role ${role} may not create ${what} in the database ${name} of ${owner}`,
        `As ${owner}: GRANT CREATE ON DATABASE ${name} TO ${to};`,
      ];
    }
    case 'execute':
      return [
        `the role ${role} may not call ${name} of ${owner}`,
        `As ${owner}: GRANT EXECUTE ON ROUTINE ${name} TO ${to};`,
      ];
    default: {
      const [doing, grant] = GRANTED[right.kind];
      return [
        `the role ${role} may not ${doing(`${name} of ${owner}`)}`,
        `As ${owner}: GRANT ${grant} ON ${name} TO ${to};`,
      ];
    }
  }
}

type Granted = Exclude<RelationRight, 'owner' | 'owner-of-all' | 'owner-or-schema' | 'maintain'>;

/** What a right on a relation lets a role do to it, and its name in GRANT. */
const GRANTED: Readonly<Record<Granted, readonly [doing: (relation: string) => string, grant: string]>> = {
  references: [(name) => `refer to ${name} by a foreign key`, 'REFERENCES'],
  trigger: [(name) => `make a trigger on ${name}`, 'TRIGGER'],
  truncate: [(name) => `empty ${name}`, 'TRUNCATE'],
  delete: [(name) => `delete from ${name}`, 'DELETE'],
  select: [(name) => `read ${name}`, 'SELECT'],
  insert: [(name) => `insert into ${name}`, 'INSERT'],
  update: [(name) => `update ${name}`, 'UPDATE'],
};
