import type { Action, ActionOf, ColumnDef, ConstraintDef, TypeName } from '../sql/action.ts';
import { type Catalog, findTable, isSerial } from '../catalog/catalog.ts';
import { addedConstraints } from './added.ts';

/** Something in the shape of a table that says how much it will be written; a negative weight speaks against it. */
export interface Sign {
  readonly what: string;
  readonly weight: number;
}

/** One strong sign alone is not enough; a name and a shape together are, or a partitioning by time. */
export const WRITE_HEAVY = 4;

interface ShapeColumn {
  /** In snake case: `createdAt` is `created_at`. */
  readonly name: string;
  readonly written: string;
  readonly type: TypeName;
  readonly generated: boolean;
  readonly stamped: boolean;
}

interface Shape {
  readonly name: string;
  readonly columns: readonly ShapeColumn[];
  /** Columns of the primary key, in snake case. */
  readonly key: readonly string[] | null;
  /** Besides that of the primary key. */
  readonly indexes: number;
  readonly partitionBy: ActionOf<'create-table'>['partitionBy'];
  readonly unlogged: boolean;
}

/** The signs that a new table shows, by its own statement and by those that follow it in the file. */
export function writeSigns(
  action: ActionOf<'create-table' | 'create-table-as'>,
  later: readonly Action[],
  catalog: Catalog,
): Sign[] {
  return signs(shapeOf(action, later, catalog));
}

const NAME_ENDS = {
  strong:
    /(?:^|_)(?:events?|event_(?:stream|store)|logs?|(?:audit|event|access|error|activity|change|request)logs?|audits?|audit_trails?|messages?|metrics?|measurements?|readings?|data_?points?|ticks|outbox|outgoing|queues?|notifications?|sessions?|page_?views?|clicks?|impressions?|hits|traces?|spans?|pings?|heartbeats?|telemetry|caches?)$/,
  weak: /(?:^|_)(?:histor(?:y|ies)|versions?|revisions?|changes|changesets?|activit(?:y|ies)|jobs?|views?|visits?|logins?|requests?|responses?|deliver(?:y|ies)|attempts?|runs?|executions?|invocations?|calls?|queries|searches|scans?|checks?|snapshots?|positions?|locations?|points?|samples?|inbox|tracking|errors?|exceptions?|crashes|transactions?|ledger|usages?|counters?|tracks|broadcasts?|tasks?)$/,
};
const NAME_SUFFIX = /_(?:entity|entities|data|raw|partitioned|entries|entry|records?|v?\d+)$/;

const PAST =
  'created?|inserted|added|occur?red|happened|logged|recorded|received|sent|viewed|visited|clicked|measured|observed|captured|collected|emitted|fired|seen|sampled|queued|enqueued|executed|requested|delivered|reported|event|started|published';
const CLOCK = new RegExp(
  `^(?:(?:${PAST})(?:_?(?:at|on|time|date|ts|timestamp|utc))?|time|timestamp|ts|at|datetime|date_(?:created|added))$`,
);
const UPDATED =
  /^(?:(?:last_)?(?:updated|modified|changed)(?:_?(?:at|on|time|date|ts))?|update_?(?:at|time|date)|(?:date|time)_(?:updated|modified)|last_update|mtime)$/;
const PAYLOAD =
  /^(?:payload|(?:\w+_)?data|body|event|message|messages|properties|props|params|context|details?|changes|diff|changed_fields|old|new|before|after|(?:old|new|before|after|row)_\w+|request|response|headers|record|raw\w*|content|args|arguments|attributes|object|object_changes|extra|meta|info)$/;
const HAPPENED =
  /^(?:event(?:_?(?:type|name|kind|id))?|action(?:_?(?:type|name))?|verb|operation|op|level|severity|log_level|topic)$/;
const CALLER =
  /^(?:ip|ip_addr(?:ess)?|remote_(?:ip|addr(?:ess)?)|client_ip|user_agent|referr?er|request_id|trace_id|correlation_id|session_id|visitor_id|visit_id|device_id|actor_id)$/;
const OUTCOME = /^(?:duration\w*|elapsed\w*|latency\w*|status_code|response_(?:status|code|time)\w*|http_status)$/;
const QUEUE =
  /^(?:attempts?|attempted_at|max_attempts|retries|retry_count|tries|max_tries|reserved_at|locked_(?:at|by|until)|run_at|available_at|next_(?:attempt|retry|run)(?:_at)?|queue(?:_name)?|claimed_(?:at|by)|enqueued_at|visible_at|vt|worker(?:_id)?)$/;
const QUEUED = /^(?:priority|scheduled_at|scheduled_for|finished_at|failed_at|completed_at|processed_at|published_at)$/;
const SESSION =
  /^(?:expir\w*|\w*token|sid|sess|session_(?:id|key|data)|data|value|ip|ip_address|user_agent|last_(?:seen|activity|accessed)\w*)$/;
const DEFINITION =
  /^(?:name|title|slug|description|label|enabled|is_enabled|active|is_active|disabled|cron\w*|schedule|display_name|icon|color)$/;
const PLANNED = /^(?:starts?_(?:at|on|date)|ends?_(?:at|on|date)|due_(?:at|on|date))$/;

/** A sign that a table may show, and whether it does. */
interface Seen extends Sign {
  readonly seen: boolean;
}

function signs(shape: Shape): Sign[] {
  const { columns, key, partitionBy } = shape;
  const has = (pattern: RegExp): boolean => columns.some(({ name }) => pattern.test(name));
  const count = (pattern: RegExp): number => columns.filter(({ name }) => pattern.test(name)).length;
  const name = nameWeight(shape.name);
  const clock = columns.some(isClock);
  const surrogate =
    columns.some(({ generated }) => generated) || (key?.length === 1 && /(?:^|_)u?u?id$/.test(key[0] ?? ''));
  const append = surrogate && clock && !has(UPDATED);
  const points = !append && isKeyedByTime(shape);
  const stream = append || points;
  const queue = has(QUEUE) && count(QUEUE) + count(QUEUED) >= 2;
  const session = /(?:^|_)(?:sessions?|caches?)$/.test(snake(shape.name)) && has(SESSION);
  const positive: readonly Seen[] = [
    { what: 'its name', weight: name, seen: name > 0 },
    { what: 'a key and a time of creation, and none of a change', weight: 2, seen: append },
    { what: 'rows that are points in time', weight: 2, seen: points },
    {
      what: 'measured values',
      weight: 2,
      seen: points && columns.some(({ type }) => /^(?:float[48]|numeric)$/.test(type.name)),
    },
    {
      what: 'a JSON payload',
      weight: 1,
      seen:
        (name > 0 || stream) &&
        columns.some((column) => /^jsonb?$/.test(column.type.name) && PAYLOAD.test(column.name)),
    },
    // Without a name that says so, one such column is as much as an ordinary table may have.
    ...(name > 0 ? details(columns, name) : stream ? details(columns, name).slice(0, 1) : []),
    { what: 'columns of a work queue', weight: 3, seen: queue },
    { what: 'rows that come and go', weight: 2, seen: session },
    { what: 'partitioned by time', weight: 4, seen: isPartitionedByTime(shape) },
    { what: 'partitioned', weight: 2, seen: partitionBy !== null && !isPartitionedByTime(shape) },
    { what: 'UNLOGGED', weight: 3, seen: shape.unlogged },
  ];
  // Most tables show none, and most of the names of columns need no look then.
  if (!positive.some(({ seen }) => seen)) return [];
  const negative: readonly Seen[] = [
    { what: 'columns of a definition', weight: -2, seen: count(DEFINITION) >= 2 },
    { what: 'dates that are planned', weight: -1, seen: has(PLANNED) },
  ];
  const seen = [...positive, ...negative].flatMap(({ what, weight, seen }) => (seen ? [{ what, weight }] : []));
  const speaks = seen.reduce((sum, { weight }) => sum + weight, 0) >= 2;
  return speaks && shape.indexes >= 4
    ? [...seen, { what: `${shape.indexes} indexes that each write changes`, weight: 1 }]
    : seen;
}

/** What single columns tell, each of them not much. */
function details(columns: readonly ShapeColumn[], name: number): Seen[] {
  const has = (pattern: RegExp): boolean => columns.some((column) => pattern.test(column.name));
  return [
    {
      what: 'a column for what happened',
      seen: has(HAPPENED) || (name === 2 && has(/^(?:type|kind|notification_type)$/)),
    },
    { what: 'columns for who called', seen: has(CALLER) },
    { what: 'columns for how a call went', seen: has(OUTCOME) },
    { what: 'a reference to rows of any table', seen: columns.some((column) => isPolymorphic(column, columns)) },
  ].flatMap(({ what, seen }) => (seen ? [{ what, weight: 1, seen }] : []));
}

function nameWeight(written: string): number {
  const bare = snake(written).replace(NAME_SUFFIX, '');
  if ([snake(written), bare].some((name) => NAME_ENDS.strong.test(name))) return 2;
  return [snake(written), bare].some((name) => NAME_ENDS.weak.test(name)) ? 1 : 0;
}

function isClock({ name, type, stamped }: ShapeColumn): boolean {
  if (/^(?:timestamp|timestamptz)$/.test(type.name)) return stamped || CLOCK.test(name);
  return /^(?:date|int8)$/.test(type.name) && CLOCK.test(name) && !/^(?:event|time|at|ts)$/.test(name);
}

function isKeyedByTime({ columns, key }: Shape): boolean {
  return columns.some(
    (column) =>
      (column.type.name.startsWith('timestamp') || (column.type.name === 'date' && column.name.endsWith('_at'))) &&
      CLOCK.test(column.name) &&
      (key === null || (key.length > 1 && key.includes(column.name))),
  );
}

function isPolymorphic({ name }: ShapeColumn, columns: readonly ShapeColumn[]): boolean {
  const stem = /^(\w+)_type$/.exec(name)?.[1];
  return stem !== undefined && columns.some((other) => other.name === `${stem}_id`);
}

function isPartitionedByTime({ columns, partitionBy }: Shape): boolean {
  if (partitionBy?.strategy !== 'range') return false;
  const by = new Set<string | null>(partitionBy.columns);
  return (
    columns.some(({ written, type }) => by.has(written) && /^(?:timestamp|date)/.test(type.name)) ||
    // A column that LIKE or INHERITS brings from a table that is not known.
    partitionBy.columns.some(
      (column) => column !== null && CLOCK.test(snake(column)) && !columns.some(({ written }) => written === column),
    )
  );
}

function shapeOf(
  action: ActionOf<'create-table' | 'create-table-as'>,
  later: readonly Action[],
  catalog: Catalog,
): Shape {
  const { name } = action.name;
  const unlogged = action.persistence === 'unlogged';
  if (action.kind === 'create-table-as') return { name, unlogged, columns: [], key: [], indexes: 0, partitionBy: null };
  const commands = later.flatMap((other) => (other.kind === 'alter-table' ? other.commands : []));
  const generatedLater = new Set(
    commands.flatMap((command) => {
      if (command.kind === 'add-identity') return [command.column];
      return command.kind === 'set-default' && callsNextval(command.default) ? [command.column] : [];
    }),
  );
  const constraints = [
    ...addedConstraints(action),
    ...commands.flatMap((command) => (command.kind === 'add-constraint' ? [command.constraint] : [])),
  ];
  const sources = [...action.like.map(({ table }) => table), ...action.inherits].flatMap(
    (name) => findTable(catalog, name) ?? [],
  );
  const copied = sources.flatMap(({ columns }) =>
    [...columns].map(([name, { type, identity }]) => ({
      name: snake(name),
      written: name,
      type,
      generated: identity || isSerial(type),
      stamped: false,
    })),
  );
  return {
    name,
    unlogged,
    columns: [...copied, ...action.columns.map((column) => shapeColumn(column, generatedLater))],
    key: keyOf(constraints),
    indexes: later.filter(({ kind }) => kind === 'create-index').length + constraints.filter(buildsIndex).length,
    partitionBy: action.partitionBy,
  };
}

function keyOf(constraints: readonly ConstraintDef[]): string[] | null {
  for (const constraint of constraints)
    if (constraint.kind === 'primary-key') return constraint.columns.map((column) => snake(column));
  return null;
}

function buildsIndex({ kind }: ConstraintDef): boolean {
  return kind === 'unique' || kind === 'exclude';
}

function shapeColumn(column: ColumnDef, generatedLater: ReadonlySet<string>): ShapeColumn {
  const { name, type, identity, default: value } = column;
  return {
    name: snake(name),
    written: name,
    type,
    generated:
      identity !== null ||
      isSerial(type) ||
      generatedLater.has(name) ||
      (value !== null && (callsNextval(value) || (type.name === 'uuid' && value.functions.length > 0))),
    stamped: value !== null && (value.isClock || value.functions.length > 0),
  };
}

function callsNextval(value: { readonly functions: readonly { readonly name: string }[] }): boolean {
  return value.functions.some(({ name }) => name === 'nextval');
}

function snake(name: string): string {
  return /[A-Z]/.test(name) ? name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase() : name.toLowerCase();
}
