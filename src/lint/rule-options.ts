/** What a team may set of a rule in its config, declared by the rule: `"wide-table": ["warning", { "columns": 80 }]`. */
export type RuleOption =
  | {
      readonly type: 'integer' | 'number';
      readonly default: number;
      readonly minimum?: number;
      readonly maximum?: number;
      readonly description: string;
    }
  | { readonly type: 'boolean'; readonly default: boolean; readonly description: string }
  | {
      readonly type: 'string';
      readonly default: string;
      readonly oneOf?: readonly string[];
      readonly description: string;
    }
  | { readonly type: 'strings'; readonly default: readonly string[]; readonly description: string };

/** By the name of each. */
export type RuleOptions = Readonly<Record<string, RuleOption>>;

/** The values of options, as a rule gets them. */
export type OptionValues<O extends RuleOptions = RuleOptions> = {
  readonly [Name in keyof O]: O[Name] extends { readonly type: 'integer' | 'number' }
    ? number
    : O[Name] extends { readonly type: 'boolean' }
      ? boolean
      : O[Name] extends { readonly type: 'string' }
        ? string
        : O[Name] extends { readonly type: 'strings' }
          ? readonly string[]
          : unknown;
};

/** The values that hold: those that were set, and of the others what the rule says. */
export function optionValues(options: RuleOptions, set: Readonly<Record<string, unknown>> = {}): OptionValues {
  return Object.fromEntries(Object.entries(options).map(([name, option]) => [name, set[name] ?? option.default]));
}
