import { qualify, quoteLiteral } from '../../postgres/quote.ts';
import { defineCheck, found } from '../check.ts';
import { isTheirs, names } from '../sql.ts';
import { someOf } from '../words.ts';

interface Row {
  readonly schema: string;
  readonly table: string;
  readonly publications: string;
  /** Those of its partitions that it is about, where it has some. */
  readonly partitions: string | null;
  readonly identity: string;
}

export const noReplicaIdentity = defineCheck<Row>({
  name: 'no-replica-identity',
  category: 'correctness',
  severity: 'error',
  docs: {
    what: 'A table in a publication that sends UPDATE or DELETE, without a primary key or another replica identity.',
    why: 'Every UPDATE and DELETE of it fails: "cannot update table … because it does not have a replica identity and publishes updates".',
    instead:
      'Give it a primary key, or REPLICA IDENTITY USING INDEX with a unique index on NOT NULL columns; FULL is the slow way out.',
    source: 'https://www.postgresql.org/docs/current/logical-replication-publication.html',
  },
  // A partition is published with its parents; ALL TABLES and whole schemas (15 and later) have theirs without a row for each.
  sql: (context) => `
    WITH RECURSIVE member AS (
      SELECT r.prpubid AS publication, r.prrelid AS relation FROM pg_publication_rel r
      UNION
      SELECT p.oid, c.oid FROM pg_publication p JOIN pg_class c ON p.puballtables AND c.relkind = 'r'
      ${
        context.version >= 15
          ? `UNION SELECT s.pnpubid, c.oid FROM pg_publication_namespace s JOIN pg_class c ON c.relnamespace = s.pnnspid AND c.relkind IN ('r', 'p')`
          : ''
      }
      UNION
      SELECT m.publication, h.inhrelid
        FROM member m JOIN pg_inherits h ON h.inhparent = m.relation JOIN pg_class c ON c.oid = h.inhrelid AND c.relispartition
    )
    SELECT rn.nspname AS schema, r.relname AS "table", json_agg(DISTINCT p.pubname)::text AS publications,
           min(c.relreplident::text) AS identity,
           CASE WHEN r.relkind = 'p' THEN json_agg(DISTINCT n.nspname || '.' || c.relname)::text END AS partitions
      FROM member m
      JOIN pg_publication p ON p.oid = m.publication AND (p.pubupdate OR p.pubdelete)
      JOIN pg_class c ON c.oid = m.relation AND c.relkind = 'r' AND c.relpersistence = 'p'
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_class r ON r.oid = coalesce(pg_partition_root(c.oid)::oid, c.oid)
      JOIN pg_namespace rn ON rn.oid = r.relnamespace
     WHERE ${isTheirs(context)}
       AND CASE c.relreplident
             WHEN 'f' THEN false
             WHEN 'n' THEN true
             WHEN 'i' THEN NOT EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid AND x.indisreplident AND x.indisvalid)
             ELSE NOT EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid AND x.indisprimary AND x.indisvalid)
           END
     GROUP BY rn.nspname, r.relname, r.relkind
     ORDER BY 1, 2`,
  judge: (rows) =>
    rows.map(({ schema, table, publications, identity, partitions }) => {
      const name = qualify(schema, table);
      const how =
        identity === 'n'
          ? 'its replica identity is NOTHING'
          : identity === 'i'
            ? 'the index of its replica identity is gone'
            : 'it has no primary key';
      return found({
        object: `${schema}.${table}`,
        relation: `${schema}.${table}`,
        message: `${schema}.${table} is published by ${someOf(names(publications))} and has no replica identity${partitions === null ? '' : ` in ${someOf(names(partitions))}`}: ${how}`,
        look: `SELECT relreplident FROM pg_class WHERE oid = ${quoteLiteral(name)}::regclass;`,
        instead: `Add a primary key, or with a unique index on NOT NULL columns: ALTER TABLE ${name} REPLICA IDENTITY USING INDEX …; or, with whole rows in the WAL: ALTER TABLE ${name} REPLICA IDENTITY FULL;${partitions === null ? '' : ' Of a partitioned table, each partition has its own.'}`,
      });
    }),
});
