import type { OwnTables } from '../db/own-schema.ts';
import { quoteIdent, quoteLiteral } from '../postgres/quote.ts';
import { LAG_KINDS } from './lag.ts';
import { DESIRED_STATES, STATES } from './machine.ts';

/** The tables that a backfill keeps on the server. A step that was shipped never changes. */
export function backfillTables(schema: string): OwnTables {
  return { schema, component: 'backfill', steps: [first(quoteIdent(schema))] };
}

/** Requests are all kept: people make few. */
const KEPT_STATES = 10_000;

const list = (values: readonly string[]): string => values.map(quoteLiteral).join(', ');

const COLUMNS: Readonly<Record<string, string>> = {
  name: 'The file name without .backfill.sql.',
  state: `What it is doing: ${Object.entries(STATES)
    .map(([state, meaning]) => `${state} (${meaning})`)
    .join(', ')}.`,
  desired_state:
    'What is asked of it: running, paused or cancelled. Write it to steer; the process that runs it obeys within a second.',
  statement: 'What it runs, for one range of keys after the other.',
  statement_hash: 'SHA-256 of the statement; after the start, only the same one goes on.',
  table_name: 'The table whose keys are walked.',
  table_oid:
    'The table itself, whatever it is called by now; NULL to have it found by its name again, after a restore.',
  key_types: 'Type and collation of key_columns: the keys of the ranges are places in their order.',
  rows_total: 'Keys to walk; an estimate unless rows_total_exact.',
  rate: 'Rows changed per second at most; NULL for no limit. Write it to change it, as the next seven.',
  max_wal_mb: 'MB (1024² bytes) of WAL that the batches write per second at most; NULL for no limit.',
  batch_time_ms: 'What a batch should take.',
  batch_size: 'Keys in the first batch.',
  max_batch_size: 'Keys in a batch at most.',
  max_lag_ms: 'With a standby further behind, nothing is written.',
  max_passes: 'How often one run walks the keys at most, as long as rows are left that came behind the walk.',
  signals:
    'What else holds it up, by name and value as in the header of a file: {"max-active": "50", "window": ["Mon-Fri 22:00-05:00 Europe/Berlin"]}. URLs of standbys are names of environment variables.',
  file_settings: 'What the header of the file said; what changes there is taken over at the next start.',
  changed_oid: 'The table whose rows are written: the one that is walked, or what an INSERT fills.',
  cannot_tell:
    'Why its WHERE cannot tell the rows that are still to do; NULL where it can. Rows that come behind the walk then stay as they are.',
  throttled_by: 'The signal that holds it up.',
  last_error: 'Why it failed, or why the last batch did.',
  edited:
    'What was first done to its checkpoints other than by a batch: from then on they do not prove that each row was changed once.',
};

const RANGE_COLUMNS: Readonly<Record<string, string>> = {
  number: 'Ranges are taken in this order.',
  table_oid: 'The table or partition that is walked.',
  table_name: 'What it was called when the range was made.',
  lower_key: 'The range begins after this key; NULL for the first of all.',
  upper_key: 'The range ends with this key; NULL for the last of all.',
  walk_to: 'Of a table without a key: where this pass ends, the end of the table when it began. Keys are then ctids.',
  file: 'Of a table without a key: pg_relation_filenode() of the table; when it is another one, all rows have moved.',
  last_key:
    'The last key that is done, in the order of key_columns. Written in the same transaction as the rows up to it.',
  pass: 'How often it was begun; again only for rows that came behind the walk and that the WHERE can tell.',
  rows_done: 'Rows that the statement changed.',
  rows_visited: 'Keys walked, in all passes.',
  batch_keys: 'Keys in a batch, as adapted to batch_time_ms.',
  rate_now: 'Rows changed per second over the last 10 s.',
  rate_average: 'The same since its process began to work at it, waits included.',
  batch_ms: 'How long the batch before the last one took, as written with the last one.',
  eta_seconds: 'What all that is left would take at that rate, and as eta_low and eta_high from when to when.',
  done: 'Whether it was walked to its end.',
  claimed_by: 'The lease of the worker that walks it; once nobody has that lease, another one takes it over.',
  left_out: 'Why it is not walked any more: its partition was detached or dropped.',
};

const comments = (table: string, columns: Readonly<Record<string, string>>): string =>
  Object.entries(columns)
    .map(([column, text]) => `COMMENT ON COLUMN ${table}.${column} IS ${quoteLiteral(text)};`)
    .join('\n');

const same = (...columns: readonly string[]): string =>
  columns.map((column) => `NEW.${column} IS NOT DISTINCT FROM OLD.${column}`).join(' AND ');

/** All that ever happens to a checkpoint; a person's UPDATE is something else. It is there to find mistakes: who wants to can forge it. */
const MOVES = [
  // A claim, a cut, and the end of a range by the worker that had it.
  `${same('last_key', 'pass', 'batches', 'rows_done', 'rows_visited')}
   AND (NOT NEW.done OR OLD.done OR OLD.claimed_by IS NOT NULL AND NEW.claimed_by IS NULL)`,
  // A batch, or a key that is left out.
  `${same('pass', 'done', 'upper_key', 'claimed_by')} AND NEW.batches = OLD.batches + 1 AND NEW.last_key IS NOT NULL AND NEW.last_key IS DISTINCT FROM OLD.last_key
   AND NEW.claimed_by IS NOT NULL AND NEW.rows_visited > OLD.rows_visited AND NEW.rows_done >= OLD.rows_done`,
  // A key that was left out before.
  `${same('last_key', 'pass', 'done', 'upper_key', 'rows_visited')} AND NEW.batches = OLD.batches + 1 AND NEW.rows_done > OLD.rows_done`,
  // Another pass.
  `${same('batches', 'upper_key', 'rows_done', 'rows_visited')} AND NEW.pass > OLD.pass AND NOT NEW.done`,
  // A table without a key was written anew.
  `${same('pass', 'done', 'upper_key', 'batches', 'rows_done', 'rows_visited')} AND NEW.file IS NOT NULL AND NEW.last_key IS NULL`,
]
  .map((move) => `${same('lower_key')} AND ${move}`)
  .join(' OR ');

/** SECURITY DEFINER: whoever may steer need not be able to write the audit. */
const first = (own: string): string => `
CREATE TABLE ${own}.backfill (
  name text PRIMARY KEY,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN (${list(Object.keys(STATES))})),
  desired_state text NOT NULL DEFAULT 'running' CHECK (desired_state IN (${list(DESIRED_STATES)})),
  file text,
  statement text NOT NULL,
  statement_hash text NOT NULL,
  table_name text NOT NULL,
  table_oid oid,
  key_columns text[] NOT NULL,
  key_types text[] NOT NULL,
  rows_total bigint,
  rows_total_exact boolean NOT NULL DEFAULT false,
  rate double precision CHECK (rate > 0),
  max_wal_mb double precision CHECK (max_wal_mb > 0),
  batch_time_ms double precision NOT NULL CHECK (batch_time_ms >= 1),
  batch_size integer NOT NULL CHECK (batch_size > 0),
  max_batch_size integer NOT NULL CHECK (max_batch_size > 0),
  max_lag_ms double precision NOT NULL CHECK (max_lag_ms >= 1),
  max_passes integer NOT NULL CHECK (max_passes > 0),
  signals jsonb NOT NULL DEFAULT '{}' CHECK (pg_catalog.jsonb_typeof(signals) = 'object'),
  file_settings jsonb NOT NULL DEFAULT '{}',
  changed_oid oid,
  cannot_tell text,
  throttled_by text,
  last_error text,
  edited text,
  registered_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  started_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  finished_at timestamptz
);
COMMENT ON TABLE ${own}.backfill IS
  'Backfills, one a row. To steer one: UPDATE ${own}.backfill SET desired_state = ''paused'' WHERE name = ''…''';
${comments(`${own}.backfill`, COLUMNS)}

CREATE TABLE ${own}.backfill_range (
  backfill text REFERENCES ${own}.backfill ON UPDATE CASCADE ON DELETE CASCADE,
  number integer,
  table_oid oid NOT NULL,
  table_name text NOT NULL,
  lower_key text[],
  upper_key text[],
  walk_to text[],
  file oid,
  last_key text[],
  pass integer NOT NULL DEFAULT 1,
  rows_done bigint NOT NULL DEFAULT 0,
  rows_visited bigint NOT NULL DEFAULT 0,
  batches bigint NOT NULL DEFAULT 0,
  batch_keys integer,
  rate_now double precision NOT NULL DEFAULT 0,
  rate_average double precision NOT NULL DEFAULT 0,
  batch_ms double precision,
  eta_seconds double precision,
  eta_low double precision,
  eta_high double precision,
  done boolean NOT NULL DEFAULT false,
  left_out text,
  claimed_by text,
  updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  PRIMARY KEY (backfill, number)
) WITH (fillfactor = 50);
COMMENT ON TABLE ${own}.backfill_range IS
  'How far each backfill is: one row for its table, or one or more for each partition. Each has a checkpoint of its own.';
${comments(`${own}.backfill_range`, RANGE_COLUMNS)}

CREATE FUNCTION ${own}.backfill_edited() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $edited$
BEGIN
  UPDATE ${own}.backfill SET edited = 'the chain of checkpoints was edited by hand in range ' || OLD.number
   WHERE name = OLD.backfill AND edited IS NULL;
  RETURN NULL;
END
$edited$;
COMMENT ON FUNCTION ${own}.backfill_edited() IS 'Writes ${own}.backfill.edited.';
CREATE TRIGGER backfill_edited
  AFTER UPDATE ON ${own}.backfill_range FOR EACH ROW WHEN (NOT (${MOVES})) EXECUTE FUNCTION ${own}.backfill_edited();
CREATE TRIGGER backfill_removed
  AFTER DELETE ON ${own}.backfill_range FOR EACH ROW WHEN (OLD.batches > 0) EXECUTE FUNCTION ${own}.backfill_edited();

CREATE VIEW ${own}.backfill_progress AS
  SELECT b.name, b.state, b.desired_state, coalesce(r.pass, 1) AS pass, coalesce(r.rows_done, 0) AS rows_done,
         coalesce(r.rows_visited, 0) AS rows_visited, greatest(b.rows_total, r.rows_visited) AS rows_total,
         b.rows_total_exact AND b.rows_total >= coalesce(r.rows_visited, 0) AS rows_total_exact,
         coalesce(r.batches, 0) AS batches, r.batch_keys, coalesce(r.rate_now, 0) AS rate_now, coalesce(r.rate_average, 0) AS rate_average, r.batch_ms, r.eta_seconds, r.eta_low, r.eta_high,
         b.throttled_by, b.last_error, greatest(b.updated_at, r.updated_at) AS updated_at
    FROM ${own}.backfill b
   CROSS JOIN LATERAL (
         SELECT pg_catalog.max(g.pass) AS pass, pg_catalog.sum(g.rows_done)::pg_catalog.int8 AS rows_done, pg_catalog.sum(g.rows_visited)::pg_catalog.int8 AS rows_visited,
                pg_catalog.sum(g.batches)::pg_catalog.int8 AS batches, (pg_catalog.array_agg(g.batch_keys ORDER BY g.updated_at DESC))[1] AS batch_keys,
                -- Those who write at the same time share what is left.
                pg_catalog.sum(g.rate_now) FILTER (WHERE g.fresh) AS rate_now,
                pg_catalog.sum(g.rate_average) FILTER (WHERE g.claimed_by IS NOT NULL) AS rate_average,
                (pg_catalog.array_agg(g.batch_ms ORDER BY g.updated_at DESC) FILTER (WHERE g.batch_ms IS NOT NULL))[1] AS batch_ms,
                1 / pg_catalog.sum(1 / greatest(g.eta_seconds, 0.001)) FILTER (WHERE g.fresh) AS eta_seconds,
                1 / pg_catalog.sum(1 / greatest(g.eta_low, 0.001)) FILTER (WHERE g.fresh) AS eta_low,
                1 / pg_catalog.sum(1 / greatest(g.eta_high, 0.001)) FILTER (WHERE g.fresh) AS eta_high,
                pg_catalog.max(g.updated_at) AS updated_at
           FROM (SELECT *, updated_at > pg_catalog.clock_timestamp() - interval '10 seconds' AS fresh FROM ${own}.backfill_range) AS g
          WHERE g.backfill = b.name) AS r;
COMMENT ON VIEW ${own}.backfill_progress IS 'How far each backfill is as a whole; its name, state and what holds it up with it.';

CREATE TABLE ${own}.backfill_event (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  backfill text NOT NULL,
  at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  who text NOT NULL,
  application text,
  what text NOT NULL
);
CREATE INDEX backfill_event_of_one ON ${own}.backfill_event (backfill, id);
COMMENT ON TABLE ${own}.backfill_event IS
  'Who asked what of a backfill, and which states it reached, whatever program they used. Of the states the last ${KEPT_STATES} or so of each backfill are kept.';
COMMENT ON COLUMN ${own}.backfill_event.who IS 'The role that logged in.';

CREATE TABLE ${own}.backfill_wait (
  backfill text NOT NULL REFERENCES ${own}.backfill (name) ON UPDATE CASCADE ON DELETE CASCADE,
  signal text NOT NULL,
  seconds double precision NOT NULL,
  times bigint NOT NULL,
  last_reason text NOT NULL,
  last_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  PRIMARY KEY (backfill, signal)
);
COMMENT ON TABLE ${own}.backfill_wait IS 'The time that each backfill has lost to each signal.';
COMMENT ON COLUMN ${own}.backfill_wait.seconds IS 'Of all processes that ran it together; at half speed, the rests count.';
COMMENT ON COLUMN ${own}.backfill_wait.times IS 'How often it was held up.';
COMMENT ON COLUMN ${own}.backfill_wait.last_reason IS 'What the signal said last.';

CREATE TABLE ${own}.backfill_table (
  backfill text NOT NULL REFERENCES ${own}.backfill (name) ON UPDATE CASCADE ON DELETE CASCADE,
  table_oid oid NOT NULL,
  table_bytes bigint NOT NULL,
  index_bytes bigint NOT NULL,
  rows_inserted bigint NOT NULL,
  rows_updated bigint NOT NULL,
  rows_hot_updated bigint NOT NULL,
  rows_deleted bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  PRIMARY KEY (backfill, table_oid)
);
COMMENT ON TABLE ${own}.backfill_table IS
  'The tables and partitions of each backfill as they were when it began: their sizes, and the counters of pg_stat_all_tables.';
COMMENT ON COLUMN ${own}.backfill_table.table_bytes IS 'pg_table_size()';
COMMENT ON COLUMN ${own}.backfill_table.index_bytes IS 'pg_indexes_size()';

CREATE TABLE ${own}.backfill_figures (
  backfill text PRIMARY KEY REFERENCES ${own}.backfill (name) ON UPDATE CASCADE ON DELETE CASCADE,
  replica_lag_ms double precision,
  replica_lag text NOT NULL CHECK (replica_lag IN (${list(LAG_KINDS)})),
  at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
) WITH (fillfactor = 50);
COMMENT ON TABLE ${own}.backfill_figures IS 'How the server fares while a backfill runs, as its process saw it last, every few seconds.';
COMMENT ON COLUMN ${own}.backfill_figures.replica_lag_ms IS 'Of the standby that is furthest behind.';
COMMENT ON COLUMN ${own}.backfill_figures.replica_lag IS
  'known; at-least: it was behind already when the process began to look; unknown: it cannot be read, and nothing is written; none: no standby is connected.';

CREATE TABLE ${own}.backfill_skipped (
  backfill text NOT NULL REFERENCES ${own}.backfill (name) ON UPDATE CASCADE ON DELETE CASCADE,
  table_oid oid NOT NULL,
  table_name text NOT NULL,
  key text[] NOT NULL,
  error text NOT NULL,
  sqlstate text NOT NULL,
  at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  PRIMARY KEY (backfill, table_oid, key)
);
COMMENT ON TABLE ${own}.backfill_skipped IS
  'Keys that --skip-poison has left out. The statement is tried on each again at the end of the walk, and whenever the backfill is run.';
COMMENT ON COLUMN ${own}.backfill_skipped.key IS 'The values of key_columns.';
COMMENT ON COLUMN ${own}.backfill_skipped.error IS 'What the statement failed with, for this key alone.';

CREATE FUNCTION ${own}.backfill_audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $audit$
DECLARE
  watched CONSTANT text[] := ARRAY['desired_state', 'state', 'rate', 'max_wal_mb', 'batch_time_ms', 'batch_size', 'max_batch_size', 'max_lag_ms', 'max_passes', 'signals', 'edited'];
  before CONSTANT jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{"edited": null}' ELSE to_jsonb(OLD) END;
  now_is CONSTANT jsonb := to_jsonb(NEW);
  field text;
BEGIN
  FOREACH field IN ARRAY watched LOOP
    IF before -> field IS DISTINCT FROM now_is -> field THEN
      INSERT INTO ${own}.backfill_event (backfill, who, application, what)
      VALUES (NEW.name, session_user, current_setting('application_name'),
              field || ': ' || CASE WHEN TG_OP = 'INSERT' THEN '' ELSE coalesce(before ->> field, 'none') || ' to ' END
                    || coalesce(now_is ->> field, 'none')
                    || CASE WHEN field = 'state' AND NEW.throttled_by IS NOT NULL THEN ', ' || NEW.throttled_by ELSE '' END);
    END IF;
  END LOOP;
  -- Now and then; a signal may come and go a hundred thousand times in three weeks.
  IF random() < 0.01 THEN
    DELETE FROM ${own}.backfill_event
     WHERE backfill = NEW.name AND what LIKE 'state: %'
       AND id <= (SELECT e.id FROM ${own}.backfill_event e WHERE e.backfill = NEW.name AND e.what LIKE 'state: %'
                   ORDER BY e.id DESC OFFSET ${KEPT_STATES} LIMIT 1);
  END IF;
  RETURN NULL;
END
$audit$;
COMMENT ON FUNCTION ${own}.backfill_audit() IS 'Writes ${own}.backfill_event.';
CREATE TRIGGER backfill_audit
  AFTER INSERT OR UPDATE OF state, desired_state, rate, max_wal_mb, batch_time_ms, batch_size, max_batch_size, max_lag_ms, max_passes, signals, edited ON ${own}.backfill
  FOR EACH ROW EXECUTE FUNCTION ${own}.backfill_audit();
`;
