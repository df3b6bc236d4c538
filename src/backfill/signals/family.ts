/**
 * A query for the OIDs of the table $1 and all its partitions, as `oid`. Without pg_partition_tree(): that locks them, and would wait behind
 * the very sessions that are looked for.
 */
export const FAMILY = `
  WITH RECURSIVE family (oid) AS (
    SELECT $1::pg_catalog.oid
    UNION
    SELECT i.inhrelid FROM family f JOIN pg_catalog.pg_inherits i ON i.inhparent = f.oid)
  SELECT f.oid FROM family f`;
