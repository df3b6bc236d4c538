import * as v from 'valibot';
import { closest } from '../closest.ts';
import type { Rule } from '../lint/kit.ts';
import { Problem } from '../problem.ts';
import type { ConfigContent, KeyPath } from './config-content.ts';
import { configSchema } from './config-schema.ts';

export type CheckedConfig = v.InferOutput<ReturnType<typeof configSchema>>;

/** Something that is wrong with a config, and where. */
export interface ConfigProblem {
  readonly path: KeyPath;
  readonly message: string;
}

/** Checks what a config file holds; all that is wrong with it is told at once, `before` included. */
export async function checkConfig(
  content: ConfigContent,
  shown: string,
  rules: readonly Rule[],
  before: readonly ConfigProblem[] = [],
): Promise<CheckedConfig> {
  const { value } = content;
  if (Array.isArray(value))
    throw new Problem(`${shown} holds a list, not settings.`, { advice: 'Write { … } around the settings.' });
  const schema = configSchema(rules);
  const parsed = v.safeParse(schema, value);
  const unknown = unknownSettings(schema, value, []);
  const problems = [...before, ...(parsed.issues ?? []).flatMap((issue) => wrongValues(issue, [])), ...unknown];
  if (parsed.success && problems.length === 0) return parsed.output;
  throw await inPlaces(problems, content, shown);
}

async function inPlaces(problems: readonly ConfigProblem[], content: ConfigContent, shown: string): Promise<Problem> {
  const lineOf = await content.places();
  const told = problems
    .map(({ path, message }) => ({ line: lineOf(path), message }))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
    .map(({ line, message }) => `${shown}${line === null ? '' : `:${line}`}: ${message}`);
  const [first = ''] = told;
  const advice = 'Correct the file; tiptoe rules lists the rules.';
  return told.length === 1
    ? new Problem(`${first}${/[.?]$/.test(first) ? '' : '.'}`, { advice })
    : new Problem(`${shown} has ${told.length} errors.`, { details: told, advice });
}

/** What is no setting at all is found by {@link unknownSettings}: the schema tells the first of an object only. */
function wrongValues(issue: v.BaseIssue<unknown>, above: KeyPath): ConfigProblem[] {
  const path = [...above, ...keysOf(issue)];
  if (issue.expected === 'never' && issue.type === 'strict_object') return [];
  // Of several forms that a value may have, the one that it has, as far as it goes.
  const inner = (issue.issues ?? []).filter((other) => other.path !== undefined);
  if (inner.length > 0) return unique(inner.flatMap((other) => wrongValues(other, path)));
  if (issue.expected === 'never')
    return [{ path, message: `${path.join('.')}: there is more than a severity and options here` }];
  const isMissing = issue.path?.at(-1)?.origin === 'key';
  const message = isMissing ? 'is missing' : issue.message;
  return [{ path, message: path.length === 0 ? `the config ${message}` : `${path.join('.')}: ${message}` }];
}

function keysOf({ path }: v.BaseIssue<unknown>): (string | number)[] {
  return (path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)));
}

function unique(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...new Map(problems.map((problem) => [problem.message, problem])).values()];
}

/** A schema as far as it is looked into for names. */
interface Shape {
  readonly type: string;
  readonly wrapped?: Shape;
  readonly entries?: Readonly<Record<string, Shape>>;
  readonly value?: Shape;
  readonly item?: Shape;
  readonly items?: readonly Shape[];
  readonly options?: readonly Shape[];
}

/** The names in a config that are no settings, and no rules. */
function unknownSettings(shape: unknown, value: unknown, path: KeyPath): ConfigProblem[] {
  const { type, wrapped, entries, value: rest, item, items, options } = shape as Shape;
  const below = (next: Shape, held: unknown, key: string | number): ConfigProblem[] =>
    unknownSettings(next, held, [...path, key]);
  if (wrapped !== undefined) return unknownSettings(wrapped, value, path);
  if (type === 'union') {
    const alike = (options ?? []).filter((option) => fits(option, value));
    return alike.length === 0 ? [] : unknownSettings(alike[0], value, path);
  }
  if (Array.isArray(value)) {
    return value.flatMap((held: unknown, index) => {
      const next = item ?? items?.[index];
      return next === undefined ? [] : below(next, held, index);
    });
  }
  if (typeof value !== 'object' || value === null) return [];
  const names = Object.keys(entries ?? {});
  return Object.entries(value).flatMap(([key, held]) => {
    if (entries !== undefined && Object.hasOwn(entries, key)) return below(entries[key] as Shape, held, key);
    if (rest !== undefined) return below(rest, held, key);
    return entries === undefined ? [] : [unknown([...path, key], names)];
  });
}

/** Whether a value is of the form that a schema is about: a list, an object. */
function fits({ type, items }: Shape, value: unknown): boolean {
  if (Array.isArray(value)) return type === 'array' || items !== undefined;
  return typeof value === 'object' && type.endsWith('object');
}

function unknown(path: KeyPath, names: readonly string[]): ConfigProblem {
  const name = String(path.at(-1));
  const guess = closest(name, names);
  // Severities stand in `rules`, in an entry of its list, or in `rules` of an override.
  const isRule = path.at(-2) === 'rules' || (path.at(-3) === 'rules' && typeof path.at(-2) === 'number');
  const what = isRule ? `there is no rule '${name}'` : `there is no setting '${path.join('.')}'`;
  return { path, message: `${what}${guess === null ? '' : `, did you mean '${guess}'?`}` };
}
