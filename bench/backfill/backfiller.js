/** What the bench needs of the project, in one bundle: the parser that is loaded is then the one that is used. */
export { runBackfill } from '../../src/backfill/run.ts';
export { readSpec } from '../../src/backfill/spec.ts';
export { resolveConnection } from '../../src/db/connection.ts';
export { loadParser } from '../../src/sql/libpg.ts';
