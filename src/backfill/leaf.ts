import type { Session } from '../db/session.ts';
import { quoteIdent } from '../postgres/quote.ts';
import { Problem } from '../problem.ts';
import type { BatchStatement } from '../sql/batch-statement.ts';
import { batchSql, type KeyColumn, type Walk } from './batches.ts';
import { readKeyColumns } from './key.ts';
import { retarget } from './retarget.ts';

/** A table that has rows itself: a table, or a partition that has no partitions. */
export interface Leaf extends Walk {
  readonly oid: string;
  /** `public.events_2026`, for people and for the books. */
  readonly shown: string;
  readonly statement: BatchStatement;
  /** The statement for the first keys, and for all others. */
  readonly sql: { readonly first: string; readonly next: string };
}

/** The table of a statement, as the server knows it. */
export interface Root {
  readonly statement: BatchStatement;
  readonly target: Walk & { readonly oid: string; readonly shown: string; readonly partitioned: boolean };
}

type LeafName = Pick<Leaf, 'oid' | 'shown'>;

interface Partition extends LeafName {
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly rowSecurity: boolean;
  readonly allowed: boolean;
}

/** The tables to walk; none of a partitioned table that is named with ONLY. */
export async function readLeaves(session: Session, { statement, target }: Root): Promise<LeafName[]> {
  return target.partitioned ? readPartitions(session, statement, target.oid) : [target];
}

/** One table to walk, by the name that it has now; null where it is none any more: detached or dropped. */
export async function readLeaf(session: Session, root: Root, oid: string): Promise<Leaf | null> {
  const { statement, target } = root;
  if (!target.partitioned) {
    return oid === target.oid ? { ...target, statement, sql: sqlOf(statement, target.key) } : null;
  }
  const [partition] = await readPartitions(session, statement, target.oid, oid);
  if (partition === undefined) return null;
  const { shown } = partition;
  requireUsable(session, partition, statement, target.shown);
  const names = target.key.map(({ name }) => name);
  const key = await readKeyColumns(session, { oid, shown }, names);
  const own = retarget(statement, partition);
  return {
    oid,
    shown,
    table: { schema: partition.schema, name: partition.name },
    only: true,
    key,
    statement: own,
    sql: sqlOf(own, key),
  };
}

/** What a table is called now; null for one that was dropped. */
export async function readLeafName(session: Session, oid: string): Promise<string | null> {
  const [row] = await session.query<{ shown: string }>(
    `SELECT n.nspname || '.' || c.relname AS shown
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1`,
    [oid],
  );
  return row?.shown ?? null;
}

function sqlOf(statement: BatchStatement, key: readonly KeyColumn[]): Leaf['sql'] {
  return { first: batchSql(statement, key, { after: null }), next: batchSql(statement, key, { after: [] }) };
}

const PRIVILEGES: Readonly<Record<BatchStatement['command'], string>> = {
  update: `pg_catalog.has_any_column_privilege(l.oid, 'SELECT') AND pg_catalog.has_any_column_privilege(l.oid, 'UPDATE')`,
  delete: `pg_catalog.has_any_column_privilege(l.oid, 'SELECT') AND pg_catalog.has_table_privilege(l.oid, 'DELETE')`,
  insert: `pg_catalog.has_any_column_privilege(l.oid, 'SELECT')`,
};

/** One that is being detached (DETACH … CONCURRENTLY, from 14 on) is none any more. Takes no lock on any of them. */
async function readPartitions(
  session: Session,
  { command, only }: BatchStatement,
  root: string,
  one: string | null = null,
): Promise<Partition[]> {
  if (only) return [];
  return session.query<Partition>(
    `WITH RECURSIVE tree AS (${one === null ? DOWN : UP})
     SELECT l.oid::pg_catalog.text AS oid, n.nspname AS schema, l.relname AS name, l.relkind AS kind,
            n.nspname || '.' || l.relname AS shown, pg_catalog.row_security_active(l.oid) AS "rowSecurity", ${PRIVILEGES[command]} AS allowed
       FROM pg_catalog.pg_class l JOIN pg_catalog.pg_namespace n ON n.oid = l.relnamespace
      WHERE l.relkind <> 'p' AND ${one === null ? 'l.oid IN (SELECT oid FROM tree)' : 'l.oid = $2 AND $1::pg_catalog.oid IN (SELECT oid FROM tree)'}
      ORDER BY n.nspname, l.relname`,
    one === null ? [root] : [root, one],
  );
}

const ATTACHED = `pg_catalog.to_jsonb(i) ->> 'inhdetachpending' IS DISTINCT FROM 'true'`;

const DOWN = `
       SELECT $1::pg_catalog.oid AS oid
        UNION
       SELECT i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid
         JOIN pg_catalog.pg_class parent ON parent.oid = i.inhparent AND parent.relkind = 'p'
        WHERE ${ATTACHED}`;

/** From one table to the top: to look for it among a thousand would take as long as to read them all. */
const UP = `
       SELECT $2::pg_catalog.oid AS oid
        UNION ALL
       SELECT (SELECT i.inhparent FROM pg_catalog.pg_inherits i WHERE i.inhrelid = tree.oid AND ${ATTACHED} LIMIT 1) FROM tree
        WHERE tree.oid IS NOT NULL`;

/** The partitions of a table; throws a Problem (exit 2) where one of them could not be walked. */
export async function requireLeaves(
  session: Session,
  statement: BatchStatement,
  oid: string,
  table: string,
): Promise<LeafName[]> {
  const partitions = await readPartitions(session, statement, oid);
  for (const partition of partitions) requireUsable(session, partition, statement, table);
  return partitions;
}

function requireUsable(
  session: Session,
  { schema, name, shown, kind, rowSecurity, allowed }: Partition,
  { command }: BatchStatement,
  table: string,
): void {
  if (kind === 'f') {
    throw new Problem(
      `${shown}, a partition of ${table}, is a foreign table; a batch and its checkpoint cannot be one transaction there.`,
      {
        advice:
          'Run the statement on the server that has it, and here with a backfill for each of the other partitions.',
      },
    );
  }
  if (rowSecurity) {
    throw new Problem(
      `Row-level security hides rows of ${shown}, a partition of ${table}, from ${session.connection.user}; they would be left out in silence.`,
      { advice: 'Run the backfill as the owner of the table, or as a role with BYPASSRLS.' },
    );
  }
  if (!allowed) {
    const privileges = command === 'insert' ? 'SELECT' : `SELECT, ${command.toUpperCase()}`;
    throw new Problem(
      `Role ${session.connection.user} may not ${command} the partition ${shown} itself, which is how it is walked.`,
      {
        advice: `GRANT ${privileges} ON ${quoteIdent(schema)}.${quoteIdent(name)} TO ${quoteIdent(session.connection.user)}; and so on for each partition.`,
      },
    );
  }
}
