import type { Counterpart } from '../lint/find-alias.ts';
import type { Rule } from '../lint/kit.ts';

/** What of a `.squawk.toml` can be said here, and what is to be told of the rest. */
export interface TranslatedConfig {
  readonly config: {
    readonly pgVersion?: number;
    readonly ignore?: readonly string[];
    readonly rules?: Readonly<Record<string, 'off' | 'warning'>>;
  };
  readonly told: readonly string[];
}

/** Translates what a `.squawk.toml` holds: https://squawkhq.com/docs/cli#squawktoml-configuration */
export function translateSquawkConfig(
  content: Readonly<Record<string, unknown>>,
  all: readonly Counterpart[],
): TranslatedConfig {
  const told: string[] = [];
  const squawk = all.filter(({ linter }) => linter === 'squawk');
  const excluded = squawkRules(content, 'excluded_rules', squawk, told);
  const included = squawkRules(content, 'included_rules', squawk, told);
  const rules: Record<string, 'off' | 'warning'> = {};
  for (const rule of rulesOf(included)) if (rule.severity === 'off') rules[rule.name] = 'warning';
  for (const rule of rulesOf(excluded)) {
    // One of tiptoe's rules may stand for several of squawk's.
    const names = rule.aliases?.squawk ?? [];
    const kept = names.filter((name) => !isSame(name, excluded));
    if (kept.length === 0) rules[rule.name] = 'off';
    else if (rule.severity !== 'off')
      told.push(`${rule.name} stays on: it also stands for ${kept.join(', ')}, which squawk was to report.`);
  }
  for (const { name, reason } of [...excluded, ...included]) {
    if (reason !== null) told.push(`${name} has no counterpart. ${reason}`);
  }
  const asked = rulesOf(squawk).filter(({ name, severity }) => severity === 'off' && rules[name] === undefined);
  if (asked.length > 0)
    told.push(
      `off unless asked for, although squawk reports the like: ${asked.map(({ name }) => name).join(', ')}. "extends": ["strict", "style"] has them all.`,
    );
  const pgVersion = majorVersion(content['pg_version'], told);
  const ignore = texts(content, 'excluded_paths', told).map(asGlob);
  if (content['assume_in_transaction'] === true)
    told.push(
      'assume_in_transaction needs no word: the migration tool says it, and without one a file is one transaction.',
    );
  if (content['assume_in_transaction'] === false)
    told.push(
      'assume_in_transaction = false is not taken over: the migration tool says it; "framework" in the config names one.',
    );
  for (const key of Object.keys(content)) {
    if (!KEYS.includes(key)) told.push(`${key} is not translated.`);
  }
  return {
    config: {
      ...(pgVersion === null ? {} : { pgVersion }),
      ...(ignore.length === 0 ? {} : { ignore }),
      ...(Object.keys(rules).length === 0 ? {} : { rules: sorted(rules) }),
    },
    told,
  };
}

function sorted<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const KEYS = ['excluded_rules', 'included_rules', 'excluded_paths', 'pg_version', 'assume_in_transaction'];

function squawkRules(
  content: Readonly<Record<string, unknown>>,
  key: string,
  squawk: readonly Counterpart[],
  told: string[],
): Counterpart[] {
  return texts(content, key, told).flatMap((name) => {
    const found = squawk.find((one) => one.name === name);
    if (found === undefined) told.push(`${key}: squawk has no rule '${name}' that tiptoe knows.`);
    return found === undefined ? [] : [found];
  });
}

function texts(content: Readonly<Record<string, unknown>>, key: string, told: string[]): string[] {
  const value = content[key] ?? [];
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value;
  told.push(`${key} is not a list of text, and is left out.`);
  return [];
}

function rulesOf(counterparts: readonly Counterpart[]): Rule[] {
  return [...new Set(counterparts.flatMap(({ rules }) => rules))];
}

/** `prefer-timestamptz` is an older name of `prefer-timestamp-tz`; one of the two timeouts is the whole of `require-timeout-settings` here. */
const SAME: readonly (readonly string[])[] = [
  ['prefer-timestamp-tz', 'prefer-timestamptz'],
  ['require-lock-timeout', 'require-timeout-settings'],
];

function isSame(name: string, excluded: readonly Counterpart[]): boolean {
  const names = SAME.find((group) => group.includes(name)) ?? [name];
  return excluded.some((one) => names.includes(one.name));
}

function majorVersion(value: unknown, told: string[]): number | null {
  if (value === undefined) return null;
  const text = typeof value === 'string' || typeof value === 'number' ? `${value}` : '';
  const major = Number(/^\d+/.exec(text)?.[0]);
  if (major >= 13 && major <= 18) return major;
  told.push(`pg_version ${JSON.stringify(value)} is left out: tiptoe knows 13 to 18.`);
  return null;
}

/** In squawk's patterns a star also stands for slashes. */
function asGlob(pattern: string): string {
  return pattern
    .replace(/^\.\//, '')
    .replace(/^\*(?=\/)/, '**')
    .replace(/(?<=\/)\*$/, '**')
    .replaceAll(/(?<=\/)\*(?=\/)/g, '**');
}
