import { quoteIdent, quoteLiteral } from '../postgres/quote.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import { Problem } from '../problem.ts';
import { sqlstate } from './errors.ts';
import type { Session } from './session.ts';
import { withTransaction } from './transaction.ts';

export interface OwnTables {
  /** tiptoe's own schema on the server. */
  readonly schema: string;
  readonly component: 'migrate' | 'backfill' | 'lease';
  /** SQL with qualified names. The step at index n leads to version n + 1; a step that was shipped never changes. */
  readonly steps: readonly string[];
}

/** CREATE … IF NOT EXISTS still fails when two processes do it in the same moment. */
const LOST_RACE: ReadonlySet<string> = new Set([
  SQLSTATE.unique_violation,
  SQLSTATE.duplicate_schema,
  SQLSTATE.duplicate_table,
  SQLSTATE.lock_not_available,
  SQLSTATE.deadlock_detected,
]);
const RACES = 5;

/**
 * Brings tiptoe's tables of one component up to date. When they are, it only reads: no privilege to create anything is needed, no
 * lock is taken that anyone could wait for. Throws a Problem (exit 2) for a missing privilege and for tables of a newer tiptoe.
 */
export async function ensureOwnSchema(session: Session, tables: OwnTables): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const version = await installedVersion(session, tables, 'write');
    if (version === tables.steps.length) return;
    try {
      await install(session, tables);
      return;
    } catch (error) {
      const state = sqlstate(error);
      if (state === SQLSTATE.insufficient_privilege) throw await missingPrivilege(session, tables, 'write', error);
      if (state === undefined || !LOST_RACE.has(state) || attempt === RACES) throw error;
    }
  }
}

/** The version of a component's tables on the server, 0 when there are none. Throws a Problem for one that we do not know. */
export async function installedVersion(
  session: Session,
  { schema, component, steps }: OwnTables,
  access: Access = 'read',
): Promise<number> {
  const [table] = await session.query<{ usable: boolean; readable: boolean | null }>(
    `SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS usable, pg_catalog.has_table_privilege(c.oid, 'SELECT') AS readable
       FROM pg_catalog.pg_namespace n
       LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = 'version' AND c.relkind = 'r'
      WHERE n.nspname = $1`,
    [schema],
  );
  if (table === undefined) return 0;
  if (!table.usable || table.readable === false) throw await missingPrivilege(session, { schema }, access);
  if (table.readable === null) return 0;
  const [row] = await session.query<{ version: number }>(
    `SELECT version FROM ${quoteIdent(schema)}.version WHERE component = $1`,
    [component],
  );
  const version = row?.version ?? 0;
  if (version > steps.length) {
    throw new Problem(
      `The tables in schema ${schema} were written by a newer tiptoe (${component} version ${version}; this one knows ${steps.length}).`,
      { advice: 'Run the newer tiptoe; npm install tiptoe@latest installs it.' },
    );
  }
  return version;
}

async function install(session: Session, { schema, component, steps }: OwnTables): Promise<void> {
  const own = quoteIdent(schema);
  const [existing] = await session.query('SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1', [schema]);
  await withTransaction(session, async () => {
    // The privilege to create schemas is asked for even when IF NOT EXISTS finds one.
    if (existing === undefined) await session.query(`CREATE SCHEMA ${own}`);
    await session.query(
      `CREATE TABLE IF NOT EXISTS ${own}.version (component text PRIMARY KEY, version integer NOT NULL)`,
    );
    if (existing === undefined) await session.exec(describe(own));
    await session.query(`INSERT INTO ${own}.version VALUES ($1, 0) ON CONFLICT DO NOTHING`, [component]);
  });
  for (const [index, step] of steps.entries()) {
    await withTransaction(session, async () => {
      // A second process waits here until the first one has committed its step, and then finds it done.
      const [row] = await session.query<{ version: number }>(
        `SELECT version FROM ${own}.version WHERE component = $1 FOR UPDATE`,
        [component],
      );
      if ((row?.version ?? 0) > index) return;
      await session.exec(step);
      await session.query(`UPDATE ${own}.version SET version = $2 WHERE component = $1`, [component, index + 1]);
    });
  }
}

function describe(own: string): string {
  const texts = {
    [`SCHEMA ${own}`]: 'Kept by tiptoe, the migration runner and backfiller. Safe to read at any time.',
    [`TABLE ${own}.version`]: 'Which version of its own tables tiptoe has made here, for each of its components.',
  };
  return Object.entries(texts)
    .map(([what, text]) => `COMMENT ON ${what} IS ${quoteLiteral(text)};`)
    .join('\n');
}

/** What a role is asked to be granted: to look at the tables, or to keep the books. */
type Access = 'read' | 'write';

/** Says in one line which role lacks a privilege on tiptoe's own tables, and how to grant it. */
export async function missingPrivilege(
  session: Session,
  { schema }: { readonly schema: string },
  access: Access,
  cause?: unknown,
): Promise<Problem> {
  const [row] = await session.query<{ role: string; database: string; exists: boolean }>(
    `SELECT current_user AS role, pg_catalog.current_database() AS database,
            EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1) AS exists`,
    [schema],
  );
  const { role, database, exists } = row ?? { role: 'current_user', database: '', exists: false };
  const to = quoteIdent(role);
  const own = quoteIdent(schema);
  if (access === 'read') {
    return new Problem(`Role ${role} may not read tiptoe's tables in schema ${schema} of database ${database}.`, {
      advice: `As their owner: GRANT USAGE ON SCHEMA ${own} TO ${to}; GRANT SELECT ON ALL TABLES IN SCHEMA ${own} TO ${to};`,
      cause,
    });
  }
  return exists
    ? new Problem(`Role ${role} may not use or change tiptoe's tables in schema ${schema} of database ${database}.`, {
        advice: `Run tiptoe as the role that owns them, or as their owner: GRANT USAGE, CREATE ON SCHEMA ${own} TO ${to}; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${own} TO ${to};`,
        cause,
      })
    : new Problem(
        `Role ${role} may not create the schema ${schema}, where tiptoe keeps its books, in database ${database}.`,
        {
          advice: `As the owner of the database: GRANT CREATE ON DATABASE ${quoteIdent(database)} TO ${to}; or CREATE SCHEMA ${own} AUTHORIZATION ${to};`,
          cause,
        },
      );
}
