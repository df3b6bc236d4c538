import { Problem } from './problem.ts';

/** A span of the day in which something may begin, on some days of the week, by the clocks of one time zone. */
export interface TimeWindow {
  /** As it was written. */
  readonly text: string;
  /** On which days it begins: 0 is Sunday. */
  readonly days: ReadonlySet<number>;
  /** Minutes since midnight. One that ends at or before its start ends on the next day. */
  readonly from: number;
  readonly to: number;
  readonly zone: string;
}

export type WindowState =
  | { readonly open: true }
  /** In milliseconds since 1970; null when the clocks of no day of the coming weeks show such a time. */
  | { readonly open: false; readonly opensAt: number | null };

const FORM = /^(?:([A-Za-z][A-Za-z,\s-]*?)\s+)?(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})(?:\s+(\S+))?$/;
const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const ADVICE = 'For example: "22:00-05:00 Europe/Berlin", or "Mon-Fri 22:00-05:00" in UTC.';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Reads `Mon-Fri 22:00-05:00 Europe/Berlin`; without days it is every day, without a zone UTC. Throws a Problem for anything else. */
export function parseTimeWindow(text: string): TimeWindow {
  const match = FORM.exec(text.trim());
  if (match === null) throw wrong(text, 'it is not DAYS HH:MM-HH:MM ZONE');
  const [, days, fromHour = '', fromMinute = '', toHour = '', toMinute = '', zone = 'UTC'] = match;
  const from = minutes(text, fromHour, fromMinute);
  const to = minutes(text, toHour, toMinute);
  if (from === 24 * 60) throw wrong(text, 'a day ends at 24:00, and begins at 00:00');
  if (from === to) throw wrong(text, 'it ends when it begins; a whole day is 00:00-24:00');
  return { text: text.trim(), days: readDays(text, days), from, to, zone: readZone(text, zone) };
}

function wrong(text: string, why: string): Problem {
  return new Problem(`'${text}' is not a time window: ${why}.`, { advice: ADVICE });
}

function minutes(text: string, hour: string, minute: string): number {
  const sum = Number(hour) * 60 + Number(minute);
  if (Number(minute) > 59 || sum > 24 * 60) throw wrong(text, `there is no time ${hour}:${minute}`);
  return sum;
}

function readDays(text: string, days: string | undefined): ReadonlySet<number> {
  if (days === undefined) return new Set([0, 1, 2, 3, 4, 5, 6]);
  const found = new Set<number>();
  for (const part of days.split(',')) {
    const [first = '', last = first, ...more] = part.trim().split(/\s*-\s*/);
    if (more.length > 0) throw wrong(text, `${part.trim()} is no range of days`);
    const end = readDay(text, last);
    for (let day = readDay(text, first); ; day = (day + 1) % 7) {
      found.add(day);
      if (day === end) break;
    }
  }
  return found;
}

function readDay(text: string, name: string): number {
  const day = name.length < 3 ? -1 : DAYS.findIndex((full) => full.startsWith(name.toLowerCase()));
  if (day === -1) throw wrong(text, `there is no day '${name}' (Mon, Tue, Wed, Thu, Fri, Sat, Sun)`);
  return day;
}

function readZone(text: string, zone: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    const guess = similarZone(zone);
    throw wrong(text, `there is no time zone '${zone}'${guess === null ? '' : `, did you mean ${guess}?`}`);
  }
}

/** The zone of a city alone, or the one that begins like it in the same part of the world. */
function similarZone(given: string): string | null {
  const zones = Intl.supportedValuesOf('timeZone');
  const wanted = given.toLowerCase();
  const city = zones.find((zone) => zone.toLowerCase().endsWith(`/${wanted}`));
  if (city !== undefined) return city;
  for (let end = wanted.length; end >= wanted.indexOf('/') + 3 && wanted.includes('/'); end--) {
    const zone = zones.find((zone) => zone.toLowerCase().startsWith(wanted.slice(0, end)));
    if (zone !== undefined) return zone;
  }
  return null;
}

/** Far enough for a window on one day of the week whose hour a change of the clocks has skipped. */
const DAYS_AHEAD = 16;

/**
 * Whether any of the windows is open at a time, in milliseconds since 1970, else when the next one opens. Each is one span: it begins at the first
 * moment of its day at which clocks show its start or later, and ends at the first one after that at which they show its end or later. So where clocks
 * go forward over its start it begins at that moment, where they go over all of it it stays closed, and where they go back over
 * its start or end the first of the two counts.
 */
export function windowState(windows: readonly TimeWindow[], at: number): WindowState {
  let opensAt: number | null = null;
  for (const window of windows) {
    for (const { from, to } of spans(window, at)) {
      if (from <= at && at < to) return { open: true };
      if (from > at && from < to && (opensAt === null || from < opensAt)) opensAt = from;
    }
  }
  return { open: false, opensAt };
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Those that may be open at a time, and the ones to come. */
function spans({ days, from, to, zone }: TimeWindow, at: number): Span[] {
  const clock = clockOf(zone);
  const today = Math.floor((at + clock.offsetAt(at)) / DAY_MS);
  const found: Span[] = [];
  for (let day = today - 1; day <= today + DAYS_AHEAD; day++) {
    if (!days.has(new Date(day * DAY_MS).getUTCDay())) continue;
    const begins = clock.firstAt(day * DAY_MS + from * MINUTE_MS);
    const ends = clock.firstAt((to <= from ? day + 1 : day) * DAY_MS + to * MINUTE_MS);
    found.push({ from: begins, to: ends });
  }
  return found;
}

/** The clocks on the walls of one zone. Their time is counted in milliseconds too, as if they were in UTC. */
interface ZoneClock {
  /** How far they are ahead of UTC at a moment. */
  offsetAt(at: number): number;
  /** The first moment at which they show a time, or a later one because it was skipped. */
  firstAt(wall: number): number;
}

function clockOf(zone: string): ZoneClock {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const offsetAt = (at: number): number => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    return wall - Math.floor(at / 1_000) * 1_000;
  };
  return {
    offsetAt,
    firstAt(wall) {
      const offsets = [offsetAt(wall - 36 * HOUR_MS), offsetAt(wall + 36 * HOUR_MS)];
      const moments = offsets.map((offset) => wall - offset).sort((a, b) => a - b);
      const shown = moments.find((moment) => moment + offsetAt(moment) === wall);
      return shown ?? changeBetween(offsetAt, moments[0] ?? wall, moments.at(-1) ?? wall);
    },
  };
}

/** When the clocks change between two moments, to the second. */
function changeBetween(offsetAt: (at: number) => number, from: number, to: number): number {
  const before = offsetAt(from);
  let [low, high] = [from, to];
  while (high - low > 1_000) {
    const middle = Math.floor((low + high) / 2_000) * 1_000;
    if (offsetAt(middle) === before) low = middle;
    else high = middle;
  }
  return high;
}
