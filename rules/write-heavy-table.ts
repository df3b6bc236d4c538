import { type ActionOf, defineRule, isSerial } from '../src/lint/kit.ts';

export default defineRule({
  name: 'write-heavy-table',
  category: 'policy',
  severity: 'warning',
  docs: {
    what: 'A new table whose shape says that it will be written all the time: events, logs, messages, queues, metrics.',
    why: 'Every write on the one primary costs WAL, replication, vacuum and cache that all other tables share. Such a table is easy to add and hard to move away.',
    instead:
      'Decide: keep it elsewhere (a queue, a log pipeline, a second database), or say how much will be written: -- tiptoe:writes 40/s: one row per invoice',
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
  on: ['create-table'],
  check: ({ action, catalog, directives }) => {
    if (action.partitionOf !== null || action.persistence === 'temporary' || action.foreign) return null;
    if (directives.some(({ name, value, reason }) => name === 'writes' && value !== '' && reason !== null)) return null;
    const signs = signsOf(action);
    const weight = signs.reduce((sum, sign) => sum + sign.weight, 0);
    if (weight < THRESHOLD) return null;
    const table = `${action.name.schema ?? catalog.searchPath[0] ?? 'public'}.${action.name.name}`;
    return {
      relations: [table],
      message: `${table} looks write-heavy: ${signs.map((sign) => `${sign.what} (${sign.weight})`).join(', ')}`,
      why: 'Its writes share WAL, replication, vacuum and cache of the one primary with everything else.',
      instead: 'Keep it elsewhere, or say in the file what it will cost: -- tiptoe:writes 40/s: one row per invoice',
    };
  },
});

/** Signs add up; one strong sign alone is not enough, a name and a shape together are. */
const THRESHOLD = 4;

const NAME =
  /(?:^|_)(?:events?|logs?|logins?|audits?|history|messages?|metrics?|measurements?|readings?|samples?|outbox|inbox|queues?|jobs?|sessions?|views?|visits?|clicks?|impressions?|requests?|notifications?|deliver(?:y|ies)|traces?|spans?|pings?|heartbeats?|activit(?:y|ies)|telemetry|tracking)$/;

interface Sign {
  readonly what: string;
  readonly weight: number;
}

function signsOf(table: ActionOf<'create-table'>): Sign[] {
  const { columns } = table;
  const named = (pattern: RegExp): boolean => columns.some(({ name }) => pattern.test(name));
  const generatedKey = columns.some(
    ({ identity, type, default: value }) =>
      (identity !== null && type.name === 'int8') ||
      (isSerial(type) && type.name.startsWith('big')) ||
      (type.name === 'uuid' && value !== null),
  );
  const stamped = columns.some(
    ({ type, default: value }) =>
      type.name.startsWith('timestamp') && value !== null && (value.functions.length > 0 || value.isClock),
  );
  const payload = columns.some(({ type }) => type.name === 'json' || type.name === 'jsonb');
  const appendOnly = generatedKey && stamped && !named(/^(?:updated|modified|changed)_?(?:at|on)?$/);
  const byTime =
    table.partitionBy?.strategy === 'range' &&
    columns.some(
      ({ name, type }) => table.partitionBy?.columns.includes(name) === true && /^(?:timestamp|date)/.test(type.name),
    );
  const signs: readonly (Sign & { readonly seen: boolean })[] = [
    { what: 'its name', weight: 2, seen: NAME.test(table.name.name) },
    { what: 'a generated key and a timestamp without updated_at', weight: 2, seen: appendOnly },
    { what: 'a JSON payload', weight: 1, seen: payload && appendOnly },
    { what: 'partitioned by time', weight: 4, seen: byTime },
    { what: 'UNLOGGED', weight: 3, seen: table.persistence === 'unlogged' },
  ];
  return signs.filter(({ seen }) => seen);
}
