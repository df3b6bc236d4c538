import type { OwnTables } from '../db/own-schema.ts';
import { quoteIdent, quoteLiteral } from '../postgres/quote.ts';
import { DESIRED_STATES, STATES } from './machine.ts';

/** The tables that a backfill keeps on the server. A step that was shipped never changes. */
export function backfillTables(schema: string): OwnTables {
  return { schema, component: 'backfill', steps: [first(quoteIdent(schema)), identity(quoteIdent(schema))] };
}

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
  last_key:
    'The last key that is done, in the order of key_columns. Written in the same transaction as the rows up to it.',
  pass: 'How often the walk has begun; again only for rows that came behind it and that the WHERE can tell.',
  rows_done: 'Rows that the statement changed.',
  rows_visited: 'Keys walked, in all passes.',
  rows_total: 'Keys to walk; an estimate unless rows_total_exact.',
  batch_keys: 'Keys in a batch, as adapted to batch_time_ms.',
  rate: 'Rows changed per second at most; NULL for no limit. Write it to change it, as the next four.',
  batch_time_ms: 'What a batch should take.',
  batch_size: 'Keys in the first batch.',
  max_batch_size: 'Keys in a batch at most.',
  max_lag_ms: 'With a standby further behind, nothing is written.',
  file_settings: 'What the header of the file said; what changes there is taken over at the next start.',
  rate_now: 'Rows changed per second over the last 10 s.',
  throttled_by: 'The signal that holds it up.',
  last_error: 'Why it failed, or why the last batch did.',
};

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
  key_columns text[] NOT NULL,
  last_key text[],
  pass integer NOT NULL DEFAULT 1,
  rows_done bigint NOT NULL DEFAULT 0,
  rows_visited bigint NOT NULL DEFAULT 0,
  rows_total bigint,
  rows_total_exact boolean NOT NULL DEFAULT false,
  batches bigint NOT NULL DEFAULT 0,
  batch_keys integer,
  rate double precision CHECK (rate > 0),
  batch_time_ms double precision NOT NULL CHECK (batch_time_ms >= 1),
  batch_size integer NOT NULL CHECK (batch_size > 0),
  max_batch_size integer NOT NULL CHECK (max_batch_size > 0),
  max_lag_ms double precision NOT NULL CHECK (max_lag_ms >= 1),
  file_settings jsonb NOT NULL DEFAULT '{}',
  rate_now double precision NOT NULL DEFAULT 0,
  eta_seconds double precision,
  eta_low double precision,
  eta_high double precision,
  throttled_by text,
  last_error text,
  registered_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  started_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  finished_at timestamptz
);
COMMENT ON TABLE ${own}.backfill IS
  'Backfills, one a row. To steer one: UPDATE ${own}.backfill SET desired_state = ''paused'' WHERE name = ''…''';
${Object.entries(COLUMNS)
  .map(([column, text]) => `COMMENT ON COLUMN ${own}.backfill.${column} IS ${quoteLiteral(text)};`)
  .join('\n')}

CREATE TABLE ${own}.backfill_event (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  backfill text NOT NULL,
  at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  who text NOT NULL,
  application text,
  what text NOT NULL
);
COMMENT ON TABLE ${own}.backfill_event IS 'Who asked what of a backfill, and which states it reached, whatever program they used.';
COMMENT ON COLUMN ${own}.backfill_event.who IS 'The role that logged in.';

CREATE FUNCTION ${own}.backfill_audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $audit$
DECLARE
  watched CONSTANT text[] := ARRAY['desired_state', 'state', 'rate', 'batch_time_ms', 'batch_size', 'max_batch_size', 'max_lag_ms'];
  before CONSTANT jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE to_jsonb(OLD) END;
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
  RETURN NULL;
END
$audit$;
COMMENT ON FUNCTION ${own}.backfill_audit() IS 'Writes ${own}.backfill_event.';
CREATE TRIGGER backfill_audit
  AFTER INSERT OR UPDATE OF state, desired_state, rate, batch_time_ms, batch_size, max_batch_size, max_lag_ms ON ${own}.backfill
  FOR EACH ROW EXECUTE FUNCTION ${own}.backfill_audit();
`;

const identity = (own: string): string => `
ALTER TABLE ${own}.backfill ADD COLUMN table_oid pg_catalog.oid, ADD COLUMN key_types pg_catalog.text[];
COMMENT ON COLUMN ${own}.backfill.table_oid IS
  'The table itself, whatever it is called by now; NULL to have it found by its name again, after a restore.';
COMMENT ON COLUMN ${own}.backfill.key_types IS 'Type and collation of key_columns: last_key means a place in their order.';
`;
