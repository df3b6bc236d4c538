import { roughBytes } from '../bytes.ts';
import type { Session } from '../db/session.ts';
import { qualify, quoteIdent } from '../postgres/quote.ts';
import { Problem } from '../problem.ts';
import { EVERYWHERE, type KeyRange, rangeValues } from './batches.ts';
import type { Job } from './job.ts';
import { type Leaf, readLeaf, readLeaves } from './leaf.ts';
import { findRange } from './remaining.ts';
import { estimateRows } from './target.ts';

/** A table that each batch would read from one end to the other. */
export interface FullScan {
  /** `public.users` */
  readonly table: string;
  readonly bytes: number;
  /** `Seq Scan on users o` */
  readonly by: string;
  /** Whether it is the table whose keys are walked, or a partition of it. */
  readonly own: boolean;
}

/** One batch as the server would run it. */
export interface PlannedBatch {
  readonly leaf: Leaf;
  readonly sql: string;
  readonly range: KeyRange & { readonly keys: number };
}

/** Smaller tables are read in a moment; the planner is right to. */
const SMALL_BYTES = 16 * 1024 * 1024;

/** A batch from within the biggest of the tables that are walked, where a plan matters most; null where there are no keys. */
export async function typicalBatch(session: Session, job: Job, keys: number): Promise<PlannedBatch | null> {
  const leaves = await readLeaves(session, job);
  const [biggest] = await session.query<{ oid: string }>(
    `SELECT oid::pg_catalog.text AS oid FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS t (oid)
      ORDER BY pg_catalog.pg_relation_size(oid::pg_catalog.regclass) DESC NULLS LAST LIMIT 1`,
    [leaves.map(({ oid }) => oid)],
  );
  const leaf = biggest === undefined ? null : await readLeaf(session, job, biggest.oid);
  if (leaf === null) return null;
  const first = await findRange(session, leaf, EVERYWHERE, keys);
  if (first === null) return null;
  // The first batch has no lower bound; almost all others have.
  const second = await findRange(session, leaf, { ...EVERYWHERE, after: first.upTo }, keys);
  const range = second ?? first;
  return { leaf, sql: range.after === null ? leaf.sql.first : leaf.sql.next, range };
}

/** Of fewer keys than one row in so many, a batch has no reason to read the whole table. */
const FEW = 20;

/** How much dearer it may be to look rows up by an index, for the index to be the plan once the table has grown. */
const DEARER = 10;

/** What the server before version 18 adds to the cost of each scan that it was told to avoid. */
const DISABLED_COST = 1e10;

/**
 * The tables of some size that a batch would read as a whole: the walked one by the server's own plan, in any other role only where
 * no index would do. Where one would, reading all of a table that is not much bigger may well be the best plan.
 */
export async function fullScans(session: Session, job: Job, batch: PlannedBatch): Promise<FullScan[]> {
  const alias = walkedAlias(batch.leaf.statement.reference);
  const { rows } = await estimateRows(session, batch.leaf);
  const few = batch.range.keys * FEW < rows;
  const plan = await planOf(session, batch);
  await session.query('SET enable_seqscan = off');
  const byIndex = await planOf(session, batch);
  await session.query('RESET enable_seqscan');
  const dear = byIndex['Total Cost'] % DISABLED_COST > DEARER * plan['Total Cost'];
  const unavoidable = wholeScans(byIndex).map((node) => node.Alias);
  const nodes = wholeScans(plan).filter((node) =>
    node.Alias === alias ? few : dear || unavoidable.includes(node.Alias),
  );

  const own = new Set((await readLeaves(session, job)).map(({ oid }) => oid));
  const found = new Map<string, FullScan>();
  for (const { Schema: schema = '', 'Relation Name': name = '', ...node } of nodes) {
    const [relation] = await session.query<{ oid: string; bytes: string }>(
      `SELECT c.oid::pg_catalog.text AS oid, pg_catalog.pg_relation_size(c.oid) AS bytes
         FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1)`,
      [qualify(schema, name)],
    );
    const bytes = Number(relation?.bytes ?? 0);
    if (relation === undefined || bytes < SMALL_BYTES || found.has(relation.oid)) continue;
    const by = `${node['Node Type']} on ${name}${node.Alias === name ? '' : ` ${node.Alias ?? ''}`}`;
    found.set(relation.oid, { table: `${schema}.${name}`, bytes, by, own: own.has(relation.oid) });
  }
  return [...found.values()];
}

/** `u` of `u`, `users` of `app."users"`. */
function walkedAlias(reference: string): string {
  const [, quoted, plain] = /(?:"((?:[^"]|"")*)"|([^."]+))$/.exec(reference) ?? [];
  return quoted?.replaceAll('""', '"') ?? plain?.toLowerCase() ?? '';
}

async function planOf(session: Session, { sql, range }: PlannedBatch): Promise<PlanNode> {
  const [row] = await session.query<{ 'QUERY PLAN': string }>(
    `EXPLAIN (FORMAT JSON, VERBOSE) ${sql}`,
    rangeValues(range),
  );
  const [explained] = JSON.parse(row?.['QUERY PLAN'] ?? '[]') as { Plan: PlanNode }[];
  return explained?.Plan ?? { 'Node Type': 'Result', 'Total Cost': 0 };
}

/** Of EXPLAIN (FORMAT JSON, VERBOSE), as far as it is read. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Total Cost': number;
  readonly Schema?: string;
  readonly 'Relation Name'?: string;
  readonly Alias?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly PlanNode[];
}

const WHOLE: ReadonlySet<string> = new Set(['Seq Scan', 'Sample Scan', 'Index Scan', 'Index Only Scan']);

function wholeScans(node: PlanNode): PlanNode[] {
  // What stops after a few rows reads no whole table.
  if (node['Node Type'] === 'Limit') return [];
  const whole = WHOLE.has(node['Node Type']) && node['Index Cond'] === undefined;
  return [...(whole ? [node] : []), ...(node.Plans ?? []).flatMap(wholeScans)];
}

/** The reason not to run a backfill each of whose batches reads its whole table; null where there is none. */
export function fullScanProblem(scans: readonly FullScan[], { target }: Job): Problem | null {
  const scan = scans.find(({ own }) => own);
  if (scan === undefined) return null;
  const key = target.key.map(({ name }) => name).join(', ');
  return new Problem(
    `Each batch would read the whole of ${scan.table} (${roughBytes(scan.bytes)}), not only its range of ${key}: ${scan.by}.`,
    {
      advice: `Write the WHERE so that an index serves what it looks up in ${scan.table}, or ANALYZE it if its statistics are old; --dry-run shows the plan, --allow-full-scan runs it all the same.`,
    },
  );
}

/** A table that refers to the walked one by columns without an index: each row that is deleted there is looked up by reading all of it. */
export async function unindexedReference(session: Session, { statement, target }: Job): Promise<Problem | null> {
  if (statement.command !== 'delete') return null;
  const [reference] = await session.query<{ schema: string; name: string; columns: string; bytes: string }>(
    `SELECT n.nspname AS schema, c.relname AS name, pg_catalog.pg_relation_size(c.oid) AS bytes,
            (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY k.position)
               FROM pg_catalog.unnest(f.conkey) WITH ORDINALITY AS k (attnum, position)
               JOIN pg_catalog.pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.attnum) AS columns
       FROM pg_catalog.pg_constraint f
       JOIN pg_catalog.pg_class c ON c.oid = f.conrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE f.contype = 'f' AND f.confrelid = $1::pg_catalog.oid AND pg_catalog.pg_relation_size(c.oid) >= $2
        AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_index i
           WHERE i.indrelid = f.conrelid AND i.indisvalid AND i.indpred IS NULL
             AND (i.indkey::pg_catalog.int2[])[0:pg_catalog.cardinality(f.conkey) - 1] @> f.conkey)
      ORDER BY pg_catalog.pg_relation_size(c.oid) DESC LIMIT 1`,
    [target.oid, SMALL_BYTES],
  );
  if (reference === undefined) return null;
  const { schema, name, columns, bytes } = reference;
  return new Problem(
    `For each row that it deletes, the server would read the whole of ${schema}.${name} (${roughBytes(Number(bytes))}), whose foreign key (${columns}) has no index.`,
    {
      advice: `CREATE INDEX CONCURRENTLY ON ${quoteIdent(schema)}.${quoteIdent(name)} (${columns}); first, or --allow-full-scan to run it all the same.`,
    },
  );
}

/** Throws a Problem (exit 2) where a batch would need a whole table; returns what else is read as a whole, as warnings. */
export async function requireNarrow(session: Session, job: Job, keys: number): Promise<string[]> {
  const batch = await typicalBatch(session, job, keys);
  const scans = batch === null ? [] : await fullScans(session, job, batch);
  const problem = fullScanProblem(scans, job) ?? (await unindexedReference(session, job));
  if (problem !== null) throw problem;
  return scanWarnings(scans);
}

/** What to know of other tables that each batch reads as a whole. */
export function scanWarnings(scans: readonly FullScan[]): string[] {
  return scans
    .filter(({ own }) => !own)
    .map(({ table, bytes, by }) => `each batch reads the whole of ${table} (${roughBytes(bytes)}): ${by}`);
}
