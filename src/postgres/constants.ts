import type { Constant, TypeName } from '../sql/action.ts';

/** `different`: not the same, but in what order is for a collation to say. */
export type Order = 'less' | 'same' | 'more' | 'different';

/** How two constants compare that a column of the type is compared with; null where that is not sure. */
export function compareConstants(a: Constant, b: Constant, type: TypeName): Order | null {
  if (type.schema !== null || type.array) return null;
  if (INTEGERS.has(type.name)) return compareAs(integer, a, b);
  if (type.name === 'numeric') return compareAs(decimal, a, b);
  if (type.name === 'date' || type.name === 'timestamp' || type.name === 'timestamptz') {
    const [left, right] = [moment(a, type.name), moment(b, type.name)];
    // Without zones it is the session's that counts, in which clocks may go back for an hour.
    if (left === null || right === null || left.zone !== right.zone) return null;
    const apart = left.at > right.at ? left.at - right.at : right.at - left.at;
    return type.name === 'timestamptz' && apart !== 0n && apart < 2n * DAY ? null : orderOf(left.at, right.at);
  }
  if (!TEXTS.has(type.name) || !isText(a) || !isText(b)) return null;
  return a.text === b.text ? 'same' : 'different';
}

const INTEGERS: ReadonlySet<string> = new Set(['int2', 'int4', 'int8']);
const TEXTS: ReadonlySet<string> = new Set(['text', 'varchar']);

function compareAs(read: (constant: Constant) => bigint | null, a: Constant, b: Constant): Order | null {
  const [left, right] = [read(a), read(b)];
  return left === null || right === null ? null : orderOf(left, right);
}

function orderOf(a: bigint, b: bigint): Order {
  return a < b ? 'less' : a > b ? 'more' : 'same';
}

function isText({ kind, cast }: Constant): boolean {
  return kind === 'string' && (cast === null || (TEXTS.has(cast.name) && cast.modifiers.length === 0));
}

/** A number that the planner would not compare as an integer is none. */
function integer({ text, cast }: Constant): bigint | null {
  if (cast !== null && !INTEGERS.has(cast.name)) return null;
  return /^[+-]?\d{1,18}$/.test(text) ? BigInt(text) : null;
}

/** In millionths of millionths. */
function decimal({ text, cast }: Constant): bigint | null {
  if (cast !== null && !(INTEGERS.has(cast.name) || (cast.name === 'numeric' && cast.modifiers.length === 0)))
    return null;
  const [, sign = '', whole = '', fraction = ''] = /^([+-]?)(\d{1,40})(?:\.(\d{0,12}))?$/.exec(text) ?? [];
  return whole === '' ? null : BigInt(`${sign}${whole}${fraction.padEnd(12, '0')}`);
}

const SECOND = 1_000_000n;
const DAY = 86_400n * SECOND;

/** Microseconds; `zone` is false for a time of the session's zone. */
function moment(
  constant: Constant,
  column: 'date' | 'timestamp' | 'timestamptz',
): { at: bigint; zone: boolean } | null {
  const { kind, text, cast } = constant;
  if (kind !== 'string' || (cast !== null && (cast.modifiers.length > 0 || !COMPARABLE[column].includes(cast.name))))
    return null;
  const type = cast?.name ?? column;
  const match =
    /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?(?: ?(Z|UTC|[+-]\d\d(?::?\d\d)?))?$/.exec(
      text,
    );
  if (match === null) return null;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = ''] = match;
  const days = BigInt(dayNumber(Number(year), Number(month), Number(day))) * DAY;
  const time =
    (BigInt(hour) * 3600n + BigInt(minute) * 60n + BigInt(second)) * SECOND + BigInt(fraction.padEnd(6, '0'));
  // A date drops the time, and only timestamptz looks at a zone.
  if (type === 'date') return { at: days, zone: false };
  if (type === 'timestamp') return { at: days + time, zone: false };
  return { at: days + time - offset(zone), zone: zone !== '' };
}

/** Days since a day long ago, in the Gregorian calendar; a year begins with March here. */
function dayNumber(year: number, month: number, day: number): number {
  const [years, months] = month > 2 ? [year, month - 3] : [year - 1, month + 9];
  const leapDays = Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400);
  return years * 365 + leapDays + Math.floor((153 * months + 2) / 5) + day;
}

/** Types that the planner compares with a column's; a comparison that depends on the session's zone is none. */
const COMPARABLE: Readonly<Record<'date' | 'timestamp' | 'timestamptz', readonly string[]>> = {
  date: ['date', 'timestamp'],
  timestamp: ['date', 'timestamp'],
  timestamptz: ['timestamptz'],
};

function offset(zone: string): bigint {
  const [, sign = '+', hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  return BigInt(`${sign}1`) * (BigInt(hours) * 3600n + BigInt(minutes) * 60n) * SECOND;
}
