/** A query of the DBA's own that says whether to go on. */
export interface Check {
  readonly name: string;
  readonly sql: string;
  /** What its number has to be; null where it answers true or false. */
  readonly bound: { readonly operator: Operator; readonly value: number } | null;
}

const COMPARE = {
  '<=': (value: number, bound: number) => value <= bound,
  '>=': (value: number, bound: number) => value >= bound,
  '<': (value: number, bound: number) => value < bound,
  '>': (value: number, bound: number) => value > bound,
} as const;

type Operator = keyof typeof COMPARE;

const FORM =
  /^([^:<>=]*[^:<>=\s])\s*(?:(<=|>=|<|>)\s*(-?\d+(?:\.\d+)?)\s*)?:\s*((?:select|with|values|table|show)\b[\s\S]*?)[\s;]*$/i;

/** Reads `free disk: SELECT …`, or `load <= 8: SELECT …`; null where the text is something else. */
export function readCheck(text: string): Check | null {
  const [, name, operator, value, sql] = FORM.exec(text.trim()) ?? [];
  if (name === undefined || sql === undefined) return null;
  const known = (Object.keys(COMPARE) as Operator[]).find((one) => one === operator);
  return { name, sql, bound: known === undefined ? null : { operator: known, value: Number(value) } };
}

/** Why a check says stop by what its query has answered, or null. Anything but a clear yes is a no. */
export function objection({ name, bound }: Check, rows: readonly object[]): string | null {
  const [row, more] = rows;
  const values: unknown[] = row === undefined ? [] : Object.values(row);
  const [value] = values;
  if (values.length !== 1 || more !== undefined)
    return `${name} gives ${rows.length === 1 ? `${values.length} columns` : `${rows.length} rows`}, not one value`;
  const told = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : JSON.stringify(value);
  if (bound === null) {
    if (value === true) return null;
    return value === false ? `${name} says false` : `${name} gives ${told}, neither true nor false`;
  }
  const number = told === '' || typeof value === 'boolean' || value === null ? Number.NaN : Number(told);
  if (Number.isNaN(number)) return `${name} gives ${told}, not a number`;
  return COMPARE[bound.operator](number, bound.value)
    ? null
    : `${name} is ${told} (goes on at ${bound.operator} ${bound.value})`;
}
