import { qualify, quoteIdent, quoteLiteral } from '../../postgres/quote.ts';
import { defineCheck, type Found, found, unseen } from '../check.ts';
import { isTheirs } from '../sql.ts';
import { grouped, roughTime, someOf } from '../words.ts';

interface Row {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly sequenceSchema: string;
  readonly sequence: string;
  /** Whether the role may read the sequence. */
  readonly visible: boolean;
  readonly cycles: boolean;
  /** Null before the first number. */
  readonly last: string | null;
  readonly limit: string;
  readonly percent: string | null;
  /** `schema.table.column` of what refers to it with a narrower type, and that type. */
  readonly narrow: string | null;
  readonly narrowType: string | null;
  /** By the rows inserted since the statistics were reset. */
  readonly perDay: string | null;
  readonly daysLeft: string | null;
  readonly fullOn: string | null;
}

/** Rates over less than an hour say little of the days to come. */
const LEAST_SECONDS = 3_600;
const SOON_DAYS = 90;
const URGENT_PERCENT = 80;

const HIGHEST = `CASE %s WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647 WHEN 'int8'::regtype THEN 9223372036854775807 END`;
const highest = (type: string): string => HIGHEST.replace('%s', type);
const lowest = (type: string): string => `(-1 - ${highest(type)})`;

export const keyRunningOut = defineCheck<Row>({
  name: 'key-running-out',
  category: 'correctness',
  severity: 'warning',
  docs: {
    what: 'A serial, identity or sequence column that has used up much of what its type, its sequence or the type of a column that refers to it can hold.',
    why: 'After the last number every INSERT fails, and the way out, a wider type, writes the whole table anew.',
    instead: 'Move to bigint early: a new column, a backfill, a swap; the columns that refer to it first.',
    source: 'https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-INT',
  },
  sql: (context) => `
    WITH RECURSIVE numbers AS (
      SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS number
        FROM pg_depend d JOIN pg_class q ON q.oid = d.objid AND q.relkind = 'S'
       WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
      UNION
      SELECT d.refobjid, f.adrelid, f.adnum
        FROM pg_attrdef f
        JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
        JOIN pg_class q ON q.oid = d.refobjid AND q.relkind = 'S'
    ), part AS (
      SELECT DISTINCT relation AS root, relation FROM numbers
      UNION ALL
      SELECT p.root, h.inhrelid FROM part p JOIN pg_inherits h ON h.inhparent = p.relation JOIN pg_class c ON c.oid = h.inhrelid AND c.relispartition
    ), inserted AS (
      SELECT p.root, sum(s.n_tup_ins) / (SELECT nullif(extract(epoch FROM clock_timestamp() - coalesce(d.stats_reset, b.stats_reset)), 0)
                                           FROM pg_stat_database d, pg_stat_bgwriter b WHERE d.datname = current_database())::numeric AS per_second
        FROM part p JOIN pg_stat_user_tables s ON s.relid = p.relation GROUP BY p.root
    ), key AS (
      SELECT n.nspname AS schema, c.relname AS "table", a.attname AS "column", format_type(t.own, NULL) AS type,
             qn.nspname AS "sequenceSchema", q.relname AS sequence, has_sequence_privilege(q.oid, 'SELECT, USAGE') AS visible,
             s.seqcycle AS cycles, v.last_value::numeric AS last, s.seqincrement AS step, s.seqmin, s.seqmax, r.narrow,
             format_type(r.type, NULL) AS narrow_type, i.per_second,
             least(s.seqmax, ${highest('t.own')}, ${highest('r.type')})::numeric AS top,
             greatest(s.seqmin, ${lowest('t.own')}, ${lowest('r.type')})::numeric AS bottom
        FROM numbers k
        JOIN pg_sequence s ON s.seqrelid = k.sequence
        JOIN pg_class q ON q.oid = k.sequence
        JOIN pg_namespace qn ON qn.oid = q.relnamespace
        JOIN pg_class c ON c.oid = k.relation AND NOT c.relispartition AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
        JOIN LATERAL (SELECT coalesce(nullif(y.typbasetype, 0), y.oid) AS own FROM pg_type y WHERE y.oid = a.atttypid) t ON true
        JOIN pg_sequences v ON v.schemaname = qn.nspname AND v.sequencename = q.relname
        LEFT JOIN inserted i ON i.root = c.oid
        LEFT JOIN LATERAL (
          SELECT fn.nspname || '.' || fc.relname || '.' || fa.attname AS narrow, coalesce(nullif(y.typbasetype, 0), y.oid) AS type
            FROM pg_constraint f
            CROSS JOIN LATERAL unnest(f.confkey, f.conkey) AS pair (referenced, own)
            JOIN pg_class fc ON fc.oid = f.conrelid
            JOIN pg_namespace fn ON fn.oid = fc.relnamespace
            JOIN pg_attribute fa ON fa.attrelid = fc.oid AND fa.attnum = pair.own
            JOIN pg_type y ON y.oid = fa.atttypid
           WHERE f.contype = 'f' AND f.conparentid = 0 AND f.confrelid = c.oid AND pair.referenced = k.number
             AND ${highest('coalesce(nullif(y.typbasetype, 0), y.oid)')} < coalesce(${highest('t.own')}, s.seqmax)
           ORDER BY ${highest('coalesce(nullif(y.typbasetype, 0), y.oid)')}, 1 LIMIT 1) r ON true
       WHERE ${isTheirs(context)}
    ), used AS (
      SELECT k.*, CASE WHEN step > 0 THEN top ELSE bottom END AS last_possible,
             CASE WHEN step > 0 THEN top - last ELSE last - bottom END AS left_over,
             CASE WHEN step > 0 THEN greatest(bottom, least(last, 0)) ELSE least(top, greatest(last, 0)) END AS origin
        FROM key k
    ), rated AS (
      SELECT u.*, left_over / nullif(abs(step) * per_second, 0) / 86400 AS days FROM used u
    )
    SELECT schema, "table", "column", type, "sequenceSchema", sequence, visible, cycles, last::text AS last, last_possible::text AS "limit",
           round(100 * abs(last - origin) / nullif(abs(last_possible - origin), 0), 1)::text AS percent, narrow, narrow_type AS "narrowType",
           round(per_second * abs(step) * 86400)::text AS "perDay", round(greatest(days, 0))::text AS "daysLeft",
           CASE WHEN days < 36500 THEN to_char((clock_timestamp() AT TIME ZONE 'UTC')::date + greatest(days, 0)::int4, 'YYYY-MM-DD') END AS "fullOn"
      FROM rated
     ORDER BY last IS NULL, 1, 2, 3`,
  judge: (rows, context) => {
    const hidden = rows.filter(({ visible }) => !visible);
    return [
      ...rows.flatMap((row) =>
        judgeKey(row, context.countingSeconds ?? 0, context.settings.maxKeyPercent, context.countingSince),
      ),
      ...(hidden.length === 0
        ? []
        : [
            unseen({
              message: `the numbers of ${hidden.length} sequences are hidden from ${context.user}: ${someOf(hidden.map(({ sequenceSchema, sequence }) => `${sequenceSchema}.${sequence}`))}`,
              look: `SELECT schemaname, sequencename FROM pg_sequences WHERE NOT has_sequence_privilege(format('%I.%I', schemaname, sequencename), 'SELECT, USAGE');`,
              instead: `Let the role read them: GRANT SELECT ON SEQUENCE ${hidden
                .slice(0, 3)
                .map(({ sequenceSchema, sequence }) => qualify(sequenceSchema, sequence))
                .join(', ')} TO ${quoteIdent(context.user)};${context.version >= 14 ? ' (or pg_read_all_data)' : ''}`,
            }),
          ]),
    ];
  },
});

function judgeKey(row: Row, seconds: number, maxPercent: number, since: string | null): Found[] {
  const { schema, table, column, type, sequenceSchema, sequence, last, limit, cycles, narrow, narrowType } = row;
  if (last === null || cycles) return [];
  const percent = Number(row.percent ?? 0);
  const isRated = seconds >= LEAST_SECONDS && row.fullOn !== null && Number(row.perDay ?? 0) > 0;
  const days = isRated ? Number(row.daysLeft) : Infinity;
  if (percent < maxPercent && days > SOON_DAYS) return [];
  const name = `${schema}.${table}.${column}`;
  const bound = narrow === null ? type : `${narrowType ?? ''} of ${narrow}, which refers to it`;
  const rate = isRated
    ? `; at ${grouped(Number(row.perDay))} a day (inserts since ${since ?? ''}) the last one is used around ${row.fullOn ?? ''}, in ${roughTime(days * 86_400)}`
    : '';
  return [
    found({
      object: name,
      relation: `${schema}.${table}`,
      message: `${name} has used ${percent} % of its numbers: ${grouped(BigInt(last))} of ${grouped(BigInt(limit))} (${bound})${rate}`,
      look: `SELECT last_value, max_value, data_type FROM pg_sequences WHERE schemaname = ${quoteLiteral(sequenceSchema)} AND sequencename = ${quoteLiteral(sequence)};`,
      instead:
        narrow === null
          ? `Add a bigint column, keep it in step by a trigger, fill it by a backfill, swap the two in one short transaction, and ALTER SEQUENCE ${qualify(sequenceSchema, sequence)} AS bigint; the columns that refer to it first. Time can be won with ALTER SEQUENCE … MINVALUE -2147483648 RESTART where negative numbers are fine.`
          : `Widen ${narrow} to bigint first, by a new column, a backfill and a swap; then this one, if it is narrow too.`,
      severity: percent >= URGENT_PERCENT || days <= SOON_DAYS ? 'error' : 'warning',
    }),
  ];
}
