import {
  type ActionOf,
  afterwards,
  busiestTable,
  creationSchema,
  declaredWrites,
  defineRule,
  findTable,
  newTableSettings,
  type RuleContext,
  shownNumber,
  shownRate,
  type Verdict,
  WRITE_HEAVY,
  writeSigns,
} from '../src/lint/kit.ts';

export default defineRule({
  name: 'write-heavy-table',
  category: 'policy',
  severity: 'error',
  docs: {
    what: 'A new table whose shape says that it will be written all the time (events, logs, messages, queues, metrics), one that declares more writes than the budget, or one that `newTables` in the config does not allow. With facts of a server, also one that declares more writes than the busiest table there has, where the config sets no budget.',
    why: 'Every write on the one primary costs WAL, replication, vacuum and cache that all other tables share. Such a table is easy to add and hard to move away.',
    instead:
      'Decide: keep it elsewhere (a queue, a log pipeline, a second database), or say before CREATE TABLE how much will be written, per s, min, h or day, and why: -- tiptoe:writes 40/s: one row per invoice',
    source: 'https://www.postgresql.org/docs/current/wal-intro.html',
  },
  examples: {
    bad: [
      {
        sql: 'CREATE TABLE audit_events (\n  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n  payload jsonb NOT NULL,\n  created_at timestamptz NOT NULL DEFAULT now()\n);',
      },
      {
        sql: 'CREATE TABLE page_views (\n  viewed_at timestamptz NOT NULL,\n  path text\n) PARTITION BY RANGE (viewed_at);',
      },
      {
        sql: '-- tiptoe:writes lots\nCREATE TABLE countries (code text PRIMARY KEY, name text NOT NULL);',
      },
    ],
    good: [
      {
        sql: '-- tiptoe:writes 2/s: one row per change of a contract\nCREATE TABLE audit_events (\n  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n  payload jsonb NOT NULL,\n  created_at timestamptz NOT NULL DEFAULT now()\n);',
      },
      { sql: 'CREATE TABLE countries (code text PRIMARY KEY, name text NOT NULL);' },
      {
        sql: 'CREATE TABLE users (\n  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n  email text NOT NULL,\n  created_at timestamptz NOT NULL DEFAULT now(),\n  updated_at timestamptz NOT NULL DEFAULT now()\n);',
      },
    ],
  },
  options: {
    weight: {
      type: 'integer',
      minimum: 1,
      default: WRITE_HEAVY,
      description: 'From which weight on the signs of much writing need a decision.',
    },
  },
  on: ['create-table', 'create-table-as'],
  check: (context) => {
    const { action, catalog, settings, file, options, facts } = context;
    if (!isNewTable(context)) return null;
    const schema = creationSchema(catalog, action.name);
    const { name } = action.name;
    const table = `${schema}.${name}`;
    const found = (message: string, instead: string): Verdict => ({ relations: [table], message, why: WHY, instead });

    const writes = declaredWrites(file, { schema, name });
    if (typeof writes === 'string')
      return found(
        `the write rate declared for ${table} cannot be read: ${writes}`,
        `Write it as ${DIRECTIVE}, per s, min, h or day.`,
      );
    const { policy, maxWritesPerSecond } = newTableSettings(settings, schema, name);
    const busiest = facts === null ? null : busiestTable(facts);
    const here =
      busiest === null
        ? ''
        : `; the busiest table here, ${busiest.table}, has ${shownNumber(busiest.writesPerSecond)}/s`;
    if (policy === 'forbid')
      return found(
        `${table} is a new table, and newTables.policy in the config forbids them`,
        'Keep it elsewhere, or name its schema in newTables.schemas, or the table in newTables.tables.',
      );
    if (writes !== null) {
      if (maxWritesPerSecond === null) {
        // Where nobody agreed on a budget, what the server bears today is the measure.
        if (policy === 'allow' || busiest === null || writes.perSecond <= busiest.writesPerSecond) return null;
        return {
          ...found(
            `${table} declares ${shownRate(writes)}${here}`,
            'Make sure that the server has room for that, then agree on a budget: newTables.maxWritesPerSecond in the config, or newTables.tables for this table.',
          ),
          severity: 'warning',
        };
      }
      if (writes.perSecond <= maxWritesPerSecond) return null;
      return found(
        `${table} declares ${shownRate(writes)}, over the budget of ${maxWritesPerSecond}/s for a new table${here}`,
        'Keep it elsewhere, write less, or agree on a budget of its own: newTables.tables in the config.',
      );
    }
    if (policy === 'allow') return null;
    const signs = writeSigns(action, afterwards(file, action.name), catalog);
    const weight = signs.reduce((sum, sign) => sum + sign.weight, 0);
    const reasons = signs.map((sign) => `${sign.what} (${sign.weight})`).join(', ');
    const decide = `Keep it elsewhere (a queue, a log pipeline, a second database), or declare what it will cost, before CREATE TABLE: ${DIRECTIVE}`;
    if (weight >= options.weight)
      return found(
        `${table} looks write-heavy: ${reasons}; together ${weight}, from ${options.weight} on it needs a decision${here}`,
        decide,
      );
    if (policy === 'declare')
      return found(
        `${table} declares no write rate, and newTables.policy in the config wants one for every new table`,
        `Declare it before CREATE TABLE: ${DIRECTIVE}`,
      );
    return null;
  },
});

const WHY = 'Its writes share WAL, replication, vacuum and cache of the one primary with everything else.';
const DIRECTIVE = '-- tiptoe:writes 40/s: one row per invoice';

function isNewTable({ action, catalog }: RuleContext<ActionOf<'create-table' | 'create-table-as'>>): boolean {
  if (action.persistence === 'temporary') return false;
  // A partition and a foreign table hold what was decided elsewhere.
  if (action.kind === 'create-table' ? action.partitionOf !== null || action.foreign : action.relationKind !== 'table')
    return false;
  return (
    !action.ifNotExists ||
    findTable(catalog, { schema: creationSchema(catalog, action.name), name: action.name.name }) === null
  );
}
