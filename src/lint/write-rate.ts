import type { Action, ActionOf, Name } from '../sql/action.ts';
import type { Directive } from '../sql/directives.ts';
import { once } from './once.ts';
import type { Place, PlacedDirective } from './place.ts';

/** `-- tiptoe:writes [TABLE] 40/s: one row per invoice` */
export interface WriteRate {
  /** Null for the table that is created next. */
  readonly table: Name | null;
  /** As the author wrote it. */
  readonly written: string;
  readonly perSecond: number;
}

/** What the file declares for the table that its statement creates: null for nothing, a text for what is wrong with it. */
export function declaredWrites(place: Place, table: { schema: string; name: string }): WriteRate | string | null {
  const { actions, at } = place;
  const previous = previousTable(place);
  let found: WriteRate | null = null;
  for (const { placedAt, rate } of writeDirectives(place.directives)) {
    const isNext = placedAt > previous && placedAt <= at;
    if (typeof rate === 'string') {
      if (isNext) return rate;
    } else if (rate.table === null ? isNext : isSame(rate.table, table)) {
      if (found !== null && found.perSecond !== rate.perSecond)
        return `'${found.written}' and '${rate.written}' contradict each other`;
      found = rate;
    } else if (isNext && !actions.some((action) => createsTable(action) && action.name.name === rate.table?.name)) {
      return `no table ${rate.table?.name ?? ''} is created in this file`;
    }
  }
  return found;
}

function previousTable({ actions, at }: Place): number {
  for (let index = at - 1; index >= 0; index -= 1) {
    const action = actions[index];
    if (action !== undefined && createsTable(action)) return index;
  }
  return -1;
}

const writeDirectives = once((directives: readonly PlacedDirective[]) =>
  directives.flatMap((directive) =>
    directive.name === 'writes' ? [{ placedAt: directive.at, rate: readWriteRate(directive) }] : [],
  ),
);

function createsTable(action: Action): action is ActionOf<'create-table' | 'create-table-as'> {
  return action.kind === 'create-table' || (action.kind === 'create-table-as' && action.relationKind === 'table');
}

function isSame(written: Name, { schema, name }: { schema: string; name: string }): boolean {
  return written.name === name && (written.schema ?? schema) === schema;
}

const SECONDS = new Map([
  ['s', 1],
  ['sec', 1],
  ['m', 60],
  ['min', 60],
  ['h', 3600],
  ['hour', 3600],
  ['d', 86_400],
  ['day', 86_400],
]);

const IDENTIFIER = String.raw`"(?:[^"]|"")+"|[\w$\u0080-\uffff]+`;
const VALUE = new RegExp(
  String.raw`^(?:(?:(${IDENTIFIER})\s*\.\s*)?(${IDENTIFIER})\s+)?(\d+(?:\.\d+)?)\s*/\s*([a-z]+)$`,
);

/** The rate, or what is wrong with it. */
function readWriteRate({ value, reason }: Directive): WriteRate | string {
  const [, schema, table, number = '', unit = ''] = VALUE.exec(value) ?? [];
  const seconds = SECONDS.get(unit);
  if (seconds === undefined) return value === '' ? 'no rate is given' : `'${value}' is no rate`;
  if (reason === null) return 'no reason is given';
  return {
    table: table === undefined ? null : { schema: schema === undefined ? null : folded(schema), name: folded(table) },
    written: `${number}/${unit}`,
    perSecond: Number(number) / seconds,
  };
}

/** An identifier as PostgreSQL reads it. */
function folded(identifier: string): string {
  return identifier.startsWith('"') ? identifier.slice(1, -1).replaceAll('""', '"') : identifier.toLowerCase();
}

/** `40/s`, or `6000/min, which is 100/s`. */
export function shownRate({ written, perSecond }: WriteRate): string {
  return written.endsWith('/s') ? written : `${written}, which is ${shownNumber(perSecond)}/s`;
}

/** Three digits say enough of a rate. */
export function shownNumber(perSecond: number): number {
  return Number(perSecond.toPrecision(3));
}
