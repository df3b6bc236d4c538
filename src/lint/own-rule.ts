import { Problem } from '../problem.ts';
import type { ActionKind } from '../sql/action.ts';
import type { Category, Rule, RuleContext, Severity, Verdict } from './kit.ts';

/** The kinds of statements, for rules that no compiler has looked at. */
const KINDS: Readonly<Record<ActionKind, true>> = {
  'create-table': true,
  'create-table-as': true,
  'create-view': true,
  'create-sequence': true,
  'alter-sequence': true,
  'create-index': true,
  'alter-table': true,
  rename: true,
  'set-schema': true,
  'drop-relation': true,
  'create-trigger': true,
  'create-rule': true,
  'create-policy': true,
  'alter-policy': true,
  'drop-table-object': true,
  'depends-on-extension': true,
  reindex: true,
  cluster: true,
  vacuum: true,
  analyze: true,
  'refresh-materialized-view': true,
  truncate: true,
  'lock-table': true,
  comment: true,
  dml: true,
  select: true,
  'create-schema': true,
  'drop-schema': true,
  'rename-schema': true,
  'create-function': true,
  'alter-function': true,
  'drop-function': true,
  call: true,
  prepare: true,
  execute: true,
  deallocate: true,
  explain: true,
  'create-domain': true,
  'alter-domain': true,
  'create-enum': true,
  'alter-enum': true,
  grant: true,
  'create-composite': true,
  'alter-composite': true,
  'create-range': true,
  'change-type': true,
  'drop-type': true,
  'create-publication': true,
  'alter-publication': true,
  'rename-publication': true,
  'drop-publication': true,
  'create-statistics': true,
  'create-extension': true,
  'drop-statistics': true,
  'no-relation': true,
  'runs-alone': true,
  set: true,
  discard: true,
  transaction: true,
  do: true,
  unknown: true,
};

const CATEGORIES: Readonly<Record<Category, true>> = {
  blocking: true,
  locking: true,
  load: true,
  compatibility: true,
  'data-loss': true,
  correctness: true,
  policy: true,
  style: true,
};

const SEVERITIES: Readonly<Record<Severity | 'off', true>> = { error: true, warning: true, off: true };
const OPTION_TYPES: Readonly<Record<string, true>> = {
  integer: true,
  number: true,
  boolean: true,
  string: true,
  strings: true,
};

/** A rule that did not come with tiptoe, and where it came from; or all that is wrong with it. */
export function readOwnRule(given: unknown, origin: string, taken: ReadonlySet<string>): Rule | string[] {
  if (!isObject(given)) return ['its default export must be a rule, as defineRule makes it'];
  const { name, category, severity, docs, on, check, options = {}, examples = { bad: [], good: [] } } = given;
  const problems: string[] = [];
  const expect = (holds: boolean, message: string): void => {
    if (!holds) problems.push(message);
  };
  expect(typeof name === 'string' && /^[a-z][a-z0-9]*(?:[-/][a-z0-9]+)*$/.test(name), 'name must be in kebab-case');
  expect(!taken.has(String(name)), `there is a rule '${String(name)}' already`);
  expect(isOneOf(CATEGORIES, category), `category must be ${anyOf(CATEGORIES)}`);
  expect(isOneOf(SEVERITIES, severity), `severity must be ${anyOf(SEVERITIES)}`);
  for (const part of ['what', 'why', 'instead'])
    expect(isObject(docs) && typeof docs[part] === 'string', `docs.${part} must be text`);
  expect(!isObject(docs) || ['string', 'undefined'].includes(typeof docs['source']), 'docs.source must be an address');
  expect(Array.isArray(on) && on.length > 0, 'on must be a list of the kinds of statements that it looks at');
  for (const kind of Array.isArray(on) ? (on as unknown[]) : [])
    expect(isOneOf(KINDS, kind), `on: there is no kind of statement '${String(kind)}'`);
  expect(typeof check === 'function', 'check must be a function');
  for (const [option, declared] of Object.entries(isObject(options) ? options : { options: null }))
    expect(
      isObject(declared) && isOneOf(OPTION_TYPES, declared['type']) && 'default' in declared,
      `options.${option} must have a type, ${anyOf(OPTION_TYPES)}, and a default`,
    );
  if (problems.length > 0) return problems;
  return { ...(given as object as Rule), examples: examples as Rule['examples'], origin };
}

/**
 * What a rule says of a statement. One of a team's own may throw, answer anything or try to change what it is shown: nobody knows then what
 * it would have found, so that nothing is reported at all.
 */
export function verdictOf(rule: Rule, context: RuleContext, where: () => string): Verdict | null {
  if (rule.origin === undefined) return rule.check(context);
  const { action, effects, file, options, settings } = context;
  for (const part of [action, effects, file, options, settings]) freeze(part);
  let verdict: Verdict | null | 'no verdict';
  try {
    verdict = readVerdict(rule.check(Object.freeze({ ...context })) ?? null);
  } catch (error) {
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw failure(rule, where(), what, error);
  }
  if (verdict === 'no verdict')
    throw failure(rule, where(), 'it answered neither null nor { relations, message, why, instead }');
  return verdict;
}

function failure({ name, origin }: Rule, where: string, what: string, cause?: unknown): Problem {
  return new Problem(`the rule ${name} (${origin}) failed at ${where}: ${what.replace(/\.$/, '')}.`, {
    advice: 'Correct the rule, or turn it off in the config.',
    cause,
  });
}

/** Lists and plain objects, and those in them. */
function freeze(value: unknown): void {
  if (!isObject(value) || Object.isFrozen(value)) return;
  const kind: unknown = Object.getPrototypeOf(value);
  if (kind !== Object.prototype && kind !== Array.prototype) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
}

/** Each part is asked for once. */
function readVerdict(value: unknown): Verdict | null | 'no verdict' {
  if (value === null) return null;
  if (!isObject(value)) return 'no verdict';
  const { message, why, instead, severity, relations } = value;
  if (typeof message !== 'string' || typeof why !== 'string' || typeof instead !== 'string') return 'no verdict';
  const names: unknown[] = Array.isArray(relations) ? [...(relations as unknown[])] : [null];
  if (!names.every((name) => typeof name === 'string')) return 'no verdict';
  if (severity === undefined) return { relations: names, message, why, instead };
  return severity === 'error' || severity === 'warning'
    ? { relations: names, message, why, instead, severity }
    : 'no verdict';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isOneOf(names: Readonly<Record<string, true>>, value: unknown): boolean {
  return typeof value === 'string' && Object.hasOwn(names, value);
}

function anyOf(names: Readonly<Record<string, true>>): string {
  return Object.keys(names).join(', ');
}
