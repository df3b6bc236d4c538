import type { Rule, Severity } from './kit.ts';
import { optionValues } from './rule-options.ts';

export type Level = Severity | 'off';

/** What a team decided about rules, where that differs from what they say of themselves. */
export interface RuleSettings {
  /** By the name of the rule. */
  readonly severities: Readonly<Record<string, Level>>;
  /** By the name of the rule, then of the option. */
  readonly options?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** What differs for some files. */
export interface Override extends RuleSettings {
  readonly appliesTo: (path: string) => boolean;
}

export function levelOf(rule: Rule, { severities }: RuleSettings): Level {
  return severities[rule.name] ?? rule.severity;
}

/** Settings where those that come later have the last word. */
export function merged(all: readonly RuleSettings[]): RuleSettings {
  return {
    severities: Object.assign({}, ...all.map(({ severities }) => severities)),
    options: Object.assign({}, ...all.map(({ options }) => options)),
  };
}

/** The settings for one file: those for all, and of the overrides that apply to it, the last has the last word. */
export function settingsFor(
  settings: RuleSettings & { readonly overrides?: readonly Override[] },
  path: string,
): RuleSettings {
  return merged([settings, ...(settings.overrides ?? []).filter(({ appliesTo }) => appliesTo(path))]);
}

/** Whether a rule, if there is one of that name, does not look at a file. */
export function isOffIn(
  settings: RuleSettings & { readonly rules: readonly Rule[]; readonly overrides?: readonly Override[] },
  name: string,
  path: string,
): boolean {
  const rule = settings.rules.find((known) => known.name === name);
  return rule !== undefined && levelOf(rule, settingsFor(settings, path)) === 'off';
}

export const PRESETS = ['recommended', 'strict', 'style'] as const;
export type Preset = (typeof PRESETS)[number];

/**
 * What a preset decides: `recommended` leaves every rule as it is, `strict` adds those that are for who asks for them, `style` those of that
 * category.
 */
export function presetSettings(preset: Preset, rules: readonly Rule[]): RuleSettings {
  if (preset === 'recommended') return { severities: {} };
  const added = rules.filter(
    ({ severity, category }) => severity === 'off' && (category === 'style') === (preset === 'style'),
  );
  return { severities: Object.fromEntries(added.map(({ name }) => [name, 'warning'])) };
}

/** Every rule as it holds. */
export function effectiveRules(
  rules: readonly Rule[],
  settings: RuleSettings,
): { readonly rule: Rule; readonly level: Level; readonly options: Readonly<Record<string, unknown>> }[] {
  return rules.map((rule) => ({
    rule,
    level: levelOf(rule, settings),
    options: optionValues(rule.options ?? {}, settings.options?.[rule.name]),
  }));
}
