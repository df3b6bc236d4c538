import { isSqlFailure } from '../db/errors.ts';
import type { Session } from '../db/session.ts';
import { qualify, quoteIdent } from '../postgres/quote.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import { Problem } from '../problem.ts';
import type { Name } from '../sql/action.ts';
import type { BatchStatement } from '../sql/batch-statement.ts';
import { withServerFunctions } from '../sql/changing-values.ts';
import { batchSql, EVERYWHERE, type KeyColumn, stepSql, stepValues, type Walk } from './batches.ts';
import { isOutage } from './failure.ts';
import { requireFixedKey } from './fixed-key.ts';
import { readKey } from './key.ts';
import { readLeaf, requireLeaves } from './leaf.ts';
import { DEFAULT_PATIENCE, type LockPatience, waitingForTable } from './table-lock.ts';

/** The table whose keys are walked, as the server knows it. */
export interface Target extends Walk {
  readonly oid: string;
  /** `public.users`, for people and for the books. */
  readonly shown: string;
  readonly partitioned: boolean;
}

interface Relation {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly inherited: boolean;
  readonly rowSecurity: boolean;
}

const OTHER_KINDS: Readonly<Record<string, string>> = {
  v: 'a view',
  m: 'a materialized view',
  f: 'a foreign table',
  S: 'a sequence',
  i: 'an index',
  I: 'an index',
  c: 'a composite type',
};

/**
 * Finds the statement's table, by the search path of this session, and the key to walk. Throws a Problem (exit 2) for everything
 * that would keep the backfill from running: no such table or column, no key, a missing privilege; (exit 3) for a table that stays
 * locked.
 */
export async function resolveTarget(
  session: Session,
  statement: BatchStatement,
  keyColumns: readonly string[] | null,
  patience: LockPatience = DEFAULT_PATIENCE,
): Promise<Target> {
  const { schema, name, kind, oid, inherited, rowSecurity } = await readRelation(session, statement);
  const shown = `${schema}.${name}`;
  const other = OTHER_KINDS[kind];
  if (other !== undefined) {
    throw new Problem(`${shown} is ${other}; a backfill walks the keys of a table.`, {
      advice: 'Write the statement for the table behind it.',
    });
  }
  if (inherited && !statement.only) {
    throw new Problem(`Other tables inherit from ${shown}, and its key is not unique over all of them.`, {
      advice: `Write ONLY ${shown}, and a backfill of its own for each of the others.`,
    });
  }
  if (rowSecurity) {
    throw new Problem(
      `Row-level security hides rows of ${shown} from ${session.connection.user}; they would be left out in silence.`,
      {
        advice: 'Run the backfill as the owner of the table, or as a role with BYPASSRLS.',
      },
    );
  }
  await requireNoAggregate(session, statement);
  const partitioned = kind === 'p';
  const partitions = partitioned ? await requireLeaves(session, statement, oid, shown) : [];
  const key = await readKey(session, { oid, shown }, keyColumns, statement.progress, partitions);
  await requireFixedKey(session, { oid, key }, statement.assigns);
  requireWholeGroups(statement, key);
  if (partitioned) await requireNoMove(session, statement, oid);
  const target: Target = { oid, shown, table: { schema, name }, only: statement.only, key, partitioned };
  await waitingForTable(session, target, statement.command, patience, async () => {
    await tryOut(session, statement, target);
    const [first] = partitions;
    const leaf = first === undefined ? null : await readLeaf(session, { statement, target }, first.oid);
    if (leaf !== null) await tryOut(session, leaf.statement, { ...target, ...leaf });
  });
  return target;
}

/** A row that moves to another partition would be met there again. */
async function requireNoMove(session: Session, { assigns }: BatchStatement, oid: string): Promise<void> {
  const [moved] = await session.query<{ column: string; table: string }>(
    `SELECT a.attname AS column, p.partrelid::pg_catalog.regclass::pg_catalog.text AS table
       FROM pg_catalog.pg_partition_tree($1::pg_catalog.oid::pg_catalog.regclass) t
       JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = t.relid
       JOIN pg_catalog.pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = ANY (p.partattrs::pg_catalog.int2[])
      WHERE a.attname = ANY ($2) LIMIT 1`,
    [oid, assigns],
  );
  if (moved === undefined) return;
  throw new Problem(
    `The statement changes ${moved.column}, by which ${moved.table} is partitioned; rows would move to partitions that are walked later, or were before.`,
    { advice: 'Change the column by a new one beside it, or move the rows with INSERT … SELECT and DELETE.' },
  );
}

async function readRelation(session: Session, statement: BatchStatement): Promise<Relation> {
  const written = nameOf(statement);
  const [relation] = await session.query<Relation>(
    `SELECT c.oid::pg_catalog.text AS oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind,
            pg_catalog.row_security_active(c.oid) AS "rowSecurity",
            c.relkind <> 'p' AND EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid) AS inherited
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.oid = pg_catalog.to_regclass($1)`,
    [written],
  );
  if (relation !== undefined) return relation;
  const [path] = await session.query<{ path: string }>(`SELECT pg_catalog.current_setting('search_path') AS path`);
  throw new Problem(`There is no table ${written} in the database ${session.connection.database}.`, {
    advice:
      statement.table.schema === null
        ? `The search path is ${path?.path ?? ''}; name the table with its schema, or apply the migration that creates it first.`
        : 'Check its name, or apply the migration that creates it first.',
  });
}

/** What the name in the statement means right now, by the search path of this session; null where there is no such table. */
export async function tableOid(session: Session, statement: BatchStatement): Promise<string | null> {
  const [row] = await session.query<{ oid: string | null }>(
    'SELECT pg_catalog.to_regclass($1)::pg_catalog.oid::pg_catalog.text AS oid',
    [nameOf(statement)],
  );
  return row?.oid ?? null;
}

/** The table as the statement names it, in quotes where it needs them. */
export function nameOf({ table }: BatchStatement): string {
  return qualify(table.schema ?? undefined, table.name);
}

/** A group that two batches have a part of would give two rows. */
function requireWholeGroups({ groupings }: BatchStatement, key: readonly KeyColumn[]): void {
  const cut = groupings.find(({ columns }) => key.some(({ name }) => !columns.includes(name)));
  if (cut === undefined) return;
  const columns = key.map(({ name }) => name).join(', ');
  throw new Problem(
    `The SELECT has ${cut.clause} without the key (${columns}) of the table that is walked; a batch would see parts of groups only.`,
    {
      advice:
        cut.clause === 'DISTINCT'
          ? 'Take DISTINCT out, and let ON CONFLICT DO NOTHING skip what is there already.'
          : 'Name the table first in FROM whose rows the groups are made for, and join the others to it.',
    },
  );
}

async function requireNoAggregate(session: Session, statement: BatchStatement): Promise<void> {
  const { functions, selfReadFunctions } = statement;
  const outer = await firstAggregate(session, functions);
  if (outer !== null) {
    throw new Problem(`The SELECT uses the aggregate ${outer}, which would see the rows of one batch only.`, {
      advice: 'Write a SELECT that handles each row alone, or compute the aggregate in a subquery.',
    });
  }
  const inner = await firstAggregate(session, selfReadFunctions);
  if (inner !== null) {
    throw new Problem(
      `The statement reads the table that it changes by the aggregate ${inner}, which would see what earlier batches have done.`,
      { advice: 'Put the result into a table of its own first, and read that.' },
    );
  }
}

async function firstAggregate(session: Session, functions: readonly Name[]): Promise<string | null> {
  if (functions.length === 0) return null;
  const [aggregate] = await session.query<{ name: string }>(
    `SELECT proname AS name FROM pg_catalog.pg_proc WHERE proname = ANY ($1) AND prokind IN ('a', 'w') LIMIT 1`,
    [functions.map(({ name }) => name)],
  );
  return aggregate?.name ?? null;
}

/** The statement, with what the server knows of the functions that make its new values. */
export async function readFunctions(session: Session, statement: BatchStatement): Promise<BatchStatement> {
  const { changing } = statement;
  if (changing.length === 0) return statement;
  const rows = await session.query<{ name: string }>(
    `SELECT DISTINCT proname AS name FROM pg_catalog.pg_proc WHERE proname = ANY ($1) AND provolatile <> 'i'`,
    [changing.flatMap(({ functions }) => functions.map(({ name }) => name))],
  );
  const names = new Set(rows.map(({ name }) => name));
  return withServerFunctions(statement, ({ name }) => names.has(name));
}

const TIMEOUTS: ReadonlySet<string> = new Set([SQLSTATE.lock_not_available, SQLSTATE.query_canceled]);

/** Lets the server plan both statements: it then finds what is missing, as it would in the first batch. */
async function tryOut(session: Session, statement: BatchStatement, target: Target): Promise<void> {
  const none = target.key.map(() => null);
  try {
    await session.query(`EXPLAIN ${stepSql(target, EVERYWHERE)}`, stepValues(1, EVERYWHERE));
    await session.query(`EXPLAIN ${batchSql(statement, target.key, { after: null })}`, none);
  } catch (error) {
    if (!isSqlFailure(error) || TIMEOUTS.has(error.sqlstate) || isOutage(error)) throw error;
    if (error.sqlstate === SQLSTATE.insufficient_privilege) {
      const privileges = statement.command === 'insert' ? 'SELECT' : `SELECT, ${statement.command.toUpperCase()}`;
      const role = session.connection.user;
      throw new Problem(`Role ${role} may not run the statement: ${error.message}.`, {
        advice: `GRANT ${privileges} ON ${quoteIdent(target.table.schema)}.${quoteIdent(target.table.name)} TO ${quoteIdent(role)}; and whatever else it reads or writes.`,
        cause: error,
      });
    }
    throw new Problem(`The server refuses the statement: ${error.message} (SQLSTATE ${error.sqlstate}).`, {
      advice: error.hint ?? 'Check its tables and columns, or apply the migration that creates them first.',
      cause: error,
    });
  }
}

/** Up to this size a table is counted; estimates are poor where statistics are missing, and the count is quick. */
const COUNTED_BYTES = 16 * 1024 * 1024;

/** How many keys the walk will meet: counted in a small table, else the planner's estimate. */
export async function estimateRows(
  session: Session,
  { oid, table, only }: Pick<Target, 'oid' | 'table' | 'only'>,
): Promise<{ rows: number; exact: boolean }> {
  const from = `${only ? 'ONLY ' : ''}${quoteIdent(table.schema)}.${quoteIdent(table.name)}`;
  const [size] = await session.query<{ small: boolean }>(
    `SELECT pg_catalog.sum(pg_catalog.pg_relation_size(t.relid)) <= $2 AS small
       FROM (SELECT relid FROM pg_catalog.pg_partition_tree($1::pg_catalog.oid::pg_catalog.regclass)
             UNION SELECT $1::pg_catalog.oid::pg_catalog.regclass) AS t`,
    [oid, COUNTED_BYTES],
  );
  if (size?.small === true) {
    const [row] = await session.query<{ rows: string }>(`SELECT pg_catalog.count(*) AS rows FROM ${from}`);
    return { rows: Number(row?.rows ?? 0), exact: true };
  }
  const [row] = await session.query<{ 'QUERY PLAN': string }>(`EXPLAIN (FORMAT JSON) SELECT FROM ${from}`);
  const [plan] = JSON.parse(row?.['QUERY PLAN'] ?? '[]') as { Plan: { 'Plan Rows': number } }[];
  return { rows: plan?.Plan['Plan Rows'] ?? 0, exact: false };
}
