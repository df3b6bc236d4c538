/**
 * Migration histories of any length, the same each time: a product that grows by a table or two a week, with the ALTERs, indexes,
 * functions, views, seeds and comments that go with it. About 1.5 kB a file.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NOUNS = 'order invoice payment customer product shipment refund account session message event ticket'.split(' ');
const COLUMNS = [
  ['name', "text NOT NULL DEFAULT ''"],
  ['status', "varchar(20) NOT NULL DEFAULT 'new'"],
  ['amount', 'numeric(12, 2) CHECK (amount >= 0)'],
  ['created_at', 'timestamptz NOT NULL DEFAULT now()'],
  ['updated_at', 'timestamptz'],
  ['payload', "jsonb NOT NULL DEFAULT '{}'::jsonb"],
  ['quantity', 'integer NOT NULL DEFAULT 1'],
  ['external_id', 'uuid DEFAULT gen_random_uuid()'],
  ['email', 'text UNIQUE'],
  ['is_active', 'boolean DEFAULT true'],
  ['currency', "char(3) NOT NULL DEFAULT 'EUR'"],
  ['description', 'text'],
  ['valid_from', 'date'],
  ['version', 'bigint NOT NULL DEFAULT 0'],
];

/** Writes the files `0001_….sql` and so on into a folder, which it makes, and returns their paths, their size in bytes and how many statements they have. */
export function writeHistory(folder, files) {
  mkdirSync(folder, { recursive: true });
  const paths = [];
  let bytes = 0;
  let statements = 0;
  for (let number = 0; number < files; number += 1) {
    const { name, sql, statements: some } = migration(number);
    const path = join(folder, `${String(number + 1).padStart(5, '0')}_${name}.sql`);
    writeFileSync(path, sql);
    paths.push(path);
    bytes += Buffer.byteLength(sql);
    statements += some.length;
  }
  return { paths, bytes, statements };
}

/** One file of so many statements, which are those of a history. */
export function writeScript(path, statements) {
  const parts = [];
  for (let number = 0, count = 0; count < statements; number += 1) {
    const { statements: some } = migration(number);
    const room = some.slice(0, statements - count);
    parts.push(...room);
    count += room.length;
  }
  writeFileSync(path, `${parts.join('\n\n')}\n`);
}

const table = (number) => `${NOUNS[number % NOUNS.length]}_${Math.floor(number / NOUNS.length)}`;

function migration(number) {
  const kinds = [
    newTable,
    alterTable,
    newTable,
    view,
    functionAndTrigger,
    seed,
    alterTable,
    newTable,
    constraints,
    seed,
  ];
  const kind = kinds[number % kinds.length];
  // The youngest tables change most; what a file changes was made by one before it.
  const known = Math.max(0, number - 1 - ((number * 7) % 20));
  const { name, statements } = kind(number, table(known - (known % 10)), table(Math.max(0, known - (known % 10) - 10)));
  const header = `-- Migration ${number}: ${name.replaceAll('_', ' ')}.\n-- Reviewed by the platform team; see the runbook for how to roll it out.\n\n`;
  return { name, statements, sql: `${header}${statements.join('\n\n')}\n` };
}

function newTable(number, _mine, other) {
  const name = table(number);
  const columns = COLUMNS.filter((_, at) => (number + at) % 3 !== 0).map(([column, type]) => `    ${column} ${type}`);
  const references = number >= 20 ? [`    ${other}_id bigint REFERENCES ${other} (id) ON DELETE CASCADE`] : [];
  return {
    name: `create_${name}`,
    statements: [
      `CREATE TABLE ${name} (\n${['    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY', ...columns, ...references].join(',\n')}\n);`,
      ...columns.slice(0, 3).map((line, at) => {
        const column = line.trim().split(' ')[0];
        return `CREATE INDEX ${at === 0 ? 'CONCURRENTLY ' : ''}${name}_${column}_index ON ${name} (${column}${at === 1 ? ' DESC' : ''});`;
      }),
      `COMMENT ON TABLE ${name} IS 'One row for each ${name.replaceAll('_', ' ')}; it''s kept for seven years.';`,
      ...columns.map((line) => {
        const column = line.trim().split(' ')[0];
        return `COMMENT ON COLUMN ${name}.${column} IS 'The ${column.replaceAll('_', ' ')}, as the API shows it.';`;
      }),
      `GRANT SELECT, INSERT, UPDATE ON ${name} TO app;`,
    ],
  };
}

function alterTable(number, mine) {
  return {
    name: `alter_${mine}`,
    statements: [
      `ALTER TABLE ${mine}\n    ADD COLUMN note_${number} text,\n    ADD COLUMN flags_${number} integer NOT NULL DEFAULT 0;`,
      `/* The column holds what support wrote down;\n   it is empty for old rows. */\nCOMMENT ON COLUMN ${mine}.note_${number} IS 'Free text';`,
      `ALTER TABLE ${mine} ALTER COLUMN note_${number} SET DEFAULT '';`,
      `UPDATE ${mine} SET note_${number} = '' WHERE note_${number} IS NULL;`,
      `ALTER TABLE ${mine} ALTER COLUMN note_${number} SET NOT NULL;`,
      `ALTER TABLE ${mine} ALTER COLUMN flags_${number} TYPE bigint;`,
      `CREATE INDEX ${mine}_note_${number} ON ${mine} (lower(note_${number})) WHERE note_${number} <> '';`,
      `DROP INDEX IF EXISTS ${mine}_old_${number};`,
    ],
  };
}

function view(number, mine, other) {
  return {
    name: `view_of_${mine}`,
    statements: [
      `CREATE OR REPLACE VIEW ${mine}_summary_${number} AS\nSELECT m.id,\n       count(o.id) AS others,\n       max(o.id) FILTER (WHERE o.id > 100) AS last_one,\n       CASE WHEN count(*) > 10 THEN 'many' WHEN count(*) > 0 THEN 'some' ELSE 'none' END AS how_many\n  FROM ${mine} m\n  LEFT JOIN ${other} o ON o.id = m.id\n WHERE m.id IN (SELECT id FROM ${mine} WHERE id > 0)\n GROUP BY m.id\n ORDER BY others DESC;`,
      `CREATE MATERIALIZED VIEW ${mine}_daily_${number} AS\nSELECT date_trunc('day', now()) AS day, count(*) AS rows FROM ${mine} GROUP BY 1;`,
      `CREATE UNIQUE INDEX ${mine}_daily_${number}_day ON ${mine}_daily_${number} (day);`,
      `GRANT SELECT ON ${mine}_summary_${number} TO reporting;`,
    ],
  };
}

function functionAndTrigger(number, mine) {
  return {
    name: `touch_${mine}`,
    statements: [
      `CREATE OR REPLACE FUNCTION touch_${mine}_${number}() RETURNS trigger LANGUAGE plpgsql AS $body$\nDECLARE\n  total integer;\nBEGIN\n  SELECT count(*) INTO total FROM ${mine} WHERE id = NEW.id;\n  IF total > 1 THEN\n    RAISE EXCEPTION 'more than one row: %; that cannot be', NEW.id;\n  END IF;\n  PERFORM pg_notify('${mine}', NEW.id::text);\n  RETURN NEW;\nEND;\n$body$;`,
      `CREATE TRIGGER touch_${number} BEFORE UPDATE ON ${mine}\n    FOR EACH ROW EXECUTE FUNCTION touch_${mine}_${number}();`,
      `CREATE OR REPLACE FUNCTION ${mine}_count_${number}(since timestamptz DEFAULT now() - interval '1 day') RETURNS bigint\n    LANGUAGE sql STABLE AS $$ SELECT count(*) FROM ${mine} WHERE since < now() $$;`,
      `REVOKE ALL ON FUNCTION ${mine}_count_${number}(timestamptz) FROM PUBLIC;`,
    ],
  };
}

function seed(number, mine) {
  const rows = Array.from(
    { length: 28 },
    (_, row) =>
      `    (${number * 100 + row}, 'Row ${row} of ${mine}', 'it''s seed data; number ${row}', now() - interval '${row} days')`,
  );
  return {
    name: `seed_${mine}`,
    statements: [
      `CREATE TABLE IF NOT EXISTS lookup_${number} (id integer PRIMARY KEY, label text NOT NULL, description text, since timestamptz);`,
      `INSERT INTO lookup_${number} (id, label, description, since) VALUES\n${rows.join(',\n')}\nON CONFLICT (id) DO NOTHING;`,
      `DELETE FROM lookup_${number} WHERE id < 0;`,
    ],
  };
}

function constraints(number, mine, other) {
  return {
    name: `constrain_${mine}`,
    statements: [
      `SET lock_timeout = '2s';`,
      `ALTER TABLE ${mine} ADD COLUMN owner_${number} bigint;`,
      `ALTER TABLE ${mine} ADD CONSTRAINT ${mine}_owner_${number} FOREIGN KEY (owner_${number}) REFERENCES ${other} (id) NOT VALID;`,
      `ALTER TABLE ${mine} VALIDATE CONSTRAINT ${mine}_owner_${number};`,
      `ALTER TABLE ${mine} ADD CONSTRAINT ${mine}_positive_${number} CHECK (owner_${number} > 0 AND owner_${number} < 1000000000);`,
      `CREATE TYPE ${mine}_state_${number} AS ENUM ('draft', 'open', 'closed');`,
      `ALTER TYPE ${mine}_state_${number} ADD VALUE 'archived';`,
      `CREATE SEQUENCE ${mine}_number_${number} START 1000;`,
      `ALTER TABLE ${mine} DROP CONSTRAINT IF EXISTS ${mine}_gone_${number};`,
    ],
  };
}
