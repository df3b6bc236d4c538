import * as v from 'valibot';
import {
  addSetting,
  readSetting,
  repeats,
  SETTING_NAMES,
  type SettingName,
  type Settings,
} from '../backfill/settings.ts';
import { LONGEST_CAP_MS, parseDuration } from '../duration.ts';
import { frameworks } from '../frameworks/list.ts';
import type { Rule } from '../lint/kit.ts';
import type { RuleOption } from '../lint/rule-options.ts';
import { type Level, PRESETS, type RuleSettings } from '../lint/rule-settings.ts';
import { Problem } from '../problem.ts';
import { auditSchema } from './audit-schema.ts';
import { SETTING_FLAGS } from './backfill-flags.ts';
import { APPLY_SETTINGS, type ApplyConfig, type ApplySetting } from './apply-settings.ts';

/** Names of files that hold rules of one's own, and what is set of rules. */
type RuleEntry = string | RuleSettings;

const LEVEL = v.picklist(['off', 'warning', 'error'], `must be "off", "warning" or "error"`);

const FRAMEWORKS = ['auto', ...frameworks.map(({ name }) => name), 'none'];

const NewTableEntries = {
  policy: v.exactOptional(
    described(
      'What a new table needs: a decision where its shape looks write-heavy, a declared rate, an exception, or nothing.',
      v.picklist(['detect', 'declare', 'forbid', 'allow'], `must be "detect", "declare", "forbid" or "allow"`),
    ),
  ),
  maxWritesPerSecond: v.exactOptional(
    described('The budget of one new table.', v.pipe(v.number('must be a number'), v.minValue(0, 'must be 0 or more'))),
  ),
};

/** What a config may hold, where these are the rules. Each setting has its place here, in `readConfig`, and in `UserConfig`. */
// oxlint-disable-next-line typescript/explicit-module-boundary-types
export function configSchema(rules: readonly Rule[]) {
  const settings = ruleSettings(rules, { ownRules: false });
  return v.strictObject(
    {
      $schema: v.exactOptional(described('Where editors find what a config may hold.', v.string('must be text'))),
      pgVersion: v.exactOptional(
        described(
          'The major version of the server.',
          v.pipe(v.number(VERSION), v.integer(VERSION), v.minValue(13, VERSION), v.maxValue(18, VERSION)),
        ),
      ),
      dir: v.exactOptional(
        described("Where the migrations are, from the config file's folder.", v.string('must be text')),
      ),
      framework: v.exactOptional(
        described(
          'The migration tool; "auto" finds it by its files, with "none" files run as tiptoe apply runs them.',
          v.picklist(FRAMEWORKS, `must be "${FRAMEWORKS.join('", "')}"`),
        ),
      ),
      variables: v.exactOptional(
        described(
          'What placeholders in the migrations stand for, by their names; --var wins.',
          v.record(v.string(), v.string('must be text'), 'must be texts by names'),
        ),
      ),
      extends: v.exactOptional(
        described(
          'Presets: "recommended" is what holds without any, "strict" adds the rules that are off, "style" those of that category.',
          v.array(v.picklist(PRESETS, `must be "${PRESETS.join('", "')}"`), 'must be a list of presets'),
        ),
      ),
      rules: v.exactOptional(
        described(
          'Severities of rules, with their options; in a list, also files with rules of your own.',
          v.union(
            [
              v.pipe(
                settings,
                v.transform((set): RuleEntry[] => [set]),
              ),
              v.array(
                v.union(
                  [v.string(), ruleSettings(rules, { ownRules: true })],
                  'must be a file with a rule, or severities by the names of rules',
                ),
              ),
            ],
            'must be severities by the names of rules, or a list of such and of files with rules',
          ),
        ),
      ),
      ignore: v.exactOptional(
        described(
          "Globs, from the config file's folder, of files that nothing is reported of; they are read all the same, as a part of the history.",
          v.array(v.string('must be a glob'), 'must be a list of globs'),
        ),
      ),
      overrides: v.exactOptional(
        described(
          'What is different for some files; of several for one file, the last has the last word.',
          v.array(
            v.strictObject(
              {
                files: described(
                  "Globs, from the config file's folder; one that begins with ! takes files out again.",
                  v.union(
                    [
                      v.pipe(
                        v.string(),
                        v.transform((glob) => [glob]),
                      ),
                      v.pipe(v.array(v.string(GLOBS)), v.minLength(1, GLOBS)),
                    ],
                    GLOBS,
                  ),
                ),
                rules: ruleSettings(rules, { ownRules: true }),
              },
              'must be { "files": […], "rules": {…} }',
            ),
            'must be a list',
          ),
        ),
      ),
      newTables: v.exactOptional(
        described(
          'What a new table needs: see the rule write-heavy-table.',
          v.strictObject(
            {
              ...NewTableEntries,
              schemas: v.exactOptional(
                described(
                  'Schemas in which "forbid" forbids nothing.',
                  v.array(v.string('must be text'), 'must be a list'),
                ),
              ),
              tables: v.exactOptional(
                described(
                  'What differs for one table, by schema.name, or by name in any schema.',
                  v.record(v.string(), v.strictObject(NewTableEntries, OBJECT), OBJECT),
                ),
              ),
            },
            OBJECT,
          ),
        ),
      ),
      facts: v.exactOptional(
        described("What tiptoe snapshot wrote, from the config file's folder.", v.string('must be text')),
      ),
      live: v.exactOptional(described('What sizes and traffic of a server mean for findings.', liveSettings())),
      gate: v.exactOptional(
        described(
          'When the linter keeps apply from running a file.',
          v.strictObject(
            {
              minRows: v.exactOptional(
                described(
                  'Only where a table has more rows.',
                  v.pipe(v.number(ROWS), v.integer(ROWS), v.minValue(0, ROWS)),
                ),
              ),
            },
            OBJECT,
          ),
        ),
      ),
      environments: v.exactOptional(
        described(
          'Servers, for --env NAME.',
          v.record(
            v.string(),
            v.strictObject(
              {
                databaseUrlEnv: described(
                  'The name of the variable that holds the database URL.',
                  v.pipe(v.string(VARIABLE), v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, VARIABLE)),
                ),
              },
              'must be { "databaseUrlEnv": "NAME" }',
            ),
            OBJECT,
          ),
        ),
      ),
      apply: v.exactOptional(described('What the flags of apply are when they are not given.', applySettings())),
      backfill: v.exactOptional(backfillSettings()),
      audit: v.exactOptional(auditSchema()),
    },
    OBJECT,
  );
}

function liveSettings() {
  const amount = v.pipe(v.number(AMOUNT), v.minValue(0, AMOUNT));
  const speed = v.pipe(v.number(SPEEDS), v.gtValue(0, SPEEDS));
  const speeds = (of: string) =>
    v.exactOptional(
      v.pipe(
        v.strictTuple([speed, speed], SPEEDS),
        v.description(`MB/s between which ${of}, slowest first.`),
        v.rawTransform(({ dataset, addIssue, NEVER }) => {
          const [slowest, fastest] = dataset.value;
          if (slowest <= fastest) return dataset.value;
          addIssue({ message: SPEEDS });
          return NEVER;
        }),
      ),
    );
  return v.strictObject(
    {
      tinyRows: v.exactOptional(described('A tiny table has at most so many rows.', amount)),
      tinyBytes: v.exactOptional(described('A tiny table has at most so many bytes.', amount)),
      hotWritesPerSecond: v.exactOptional(described('A hot table takes at least so many writes a second.', amount)),
      throughput: v.exactOptional(
        described(
          'How fast this server works through a table.',
          v.strictObject(
            {
              scan: speeds('a table is read'),
              indexBuild: speeds('an index is built'),
              rewrite: speeds('a table is written anew'),
            },
            OBJECT,
          ),
        ),
      ),
      statementTimeout: v.exactOptional(timeText('What one query for facts may take.')),
      maxAgeDays: v.exactOptional(described('Facts of a file that are older are told to be.', amount)),
    },
    OBJECT,
  );
}

/** A duration as a flag takes it, in milliseconds. */
function timeText(description: string): v.GenericSchema<string, number> {
  return v.pipe(
    v.string(TIME),
    v.description(description),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const ms = parseDuration(dataset.value);
      if (ms !== null && ms >= 1 && ms <= LONGEST_CAP_MS) return ms;
      addIssue({ message: TIME });
      return NEVER;
    }),
  );
}

const AMOUNT = 'must be a number, 0 or more';
const SPEEDS = 'must be two numbers above 0, the slower one first';
const TIME = 'must be a time such as "5s"';
const OBJECT = 'must be an object';
const VERSION = 'must be a whole number from 13 to 18';
const ROWS = 'must be a whole number, 0 or more';
const GLOBS = 'must be a glob, or a list of such';
const VARIABLE = 'must be the name of an environment variable, not the URL itself';

/** Says to editors what a setting is for. What is read into something else says it before that, where they still see it. */
function described<Schema extends v.GenericSchema>(
  text: string,
  schema: Schema,
): v.SchemaWithPipe<readonly [Schema, v.DescriptionAction<v.InferOutput<Schema>, string>]> {
  return v.pipe(schema, v.description(text));
}

/** Severities and options by the names of rules. Where there may be rules of one's own, the schema that editors get must not refuse their names. */
function ruleSettings(
  rules: readonly Rule[],
  { ownRules }: { readonly ownRules: boolean },
): v.GenericSchema<Readonly<Record<string, unknown>>, RuleSettings> {
  const entries = Object.fromEntries(
    rules.map((rule) => [rule.name, v.exactOptional(described(rule.docs.what, ruleSetting(rule)))]),
  );
  const message = 'must be severities by the names of rules';
  const named: v.GenericSchema<Readonly<Record<string, unknown>>> = ownRules
    ? v.looseObject(entries, message)
    : v.strictObject(entries, message);
  return v.pipe(
    named,
    v.description('Severities of rules, with their options.'),
    v.transform((set: Readonly<Record<string, unknown>>): RuleSettings => {
      const severities: Record<string, Level> = {};
      const options: Record<string, Readonly<Record<string, unknown>>> = {};
      for (const [name, setting] of Object.entries(set)) {
        const [level, values] = [setting].flat() as [Level, Readonly<Record<string, unknown>> | undefined];
        severities[name] = level;
        if (values !== undefined) options[name] = values;
      }
      return { severities, options };
    }),
  );
}

/** `"warning"`, or `["warning", { "columns": 80 }]`. */
function ruleSetting({ options = {} }: Rule): v.GenericSchema {
  const values = Object.entries(options).map(([name, option]) => [
    name,
    v.exactOptional(described(option.description, optionValue(option))),
  ]);
  const withOptions = v.optional(v.strictObject(Object.fromEntries(values), 'must be an object of options'));
  return v.union([LEVEL, v.strictTuple([LEVEL, withOptions])], LEVEL.message);
}

function optionValue(option: RuleOption): v.GenericSchema {
  switch (option.type) {
    case 'integer':
    case 'number': {
      const { minimum = -Number.MAX_VALUE, maximum = Number.MAX_VALUE } = option;
      const bounds = [
        ...(option.minimum === undefined ? [] : [`from ${minimum}`]),
        ...(option.maximum === undefined ? [] : [`to ${maximum}`]),
      ];
      const message = `must be a ${option.type === 'integer' ? 'whole ' : ''}number ${bounds.join(' ')}`.trimEnd();
      const number = v.pipe(v.number(message), v.minValue(minimum, message), v.maxValue(maximum, message));
      return option.type === 'integer' ? v.pipe(number, v.integer(message)) : number;
    }
    case 'boolean':
      return v.boolean('must be true or false');
    case 'string':
      return option.oneOf === undefined
        ? v.string('must be text')
        : v.picklist(option.oneOf, `must be "${option.oneOf.join('", "')}"`);
    case 'strings':
      return v.array(v.string('must be text'), 'must be a list of text');
  }
}

function applySettings(): v.GenericSchema<Readonly<Record<string, unknown>>, ApplyConfig> {
  const entries = Object.entries(APPLY_SETTINGS).map(([name, setting]) => [name, v.exactOptional(flagValue(setting))]);
  return v.strictObject(Object.fromEntries(entries), OBJECT);
}

function backfillSettings(): v.GenericSchema<Readonly<Record<string, unknown>>, Partial<Settings>> {
  const entries = SETTING_NAMES.map((name) => [inCamelCase(name), v.exactOptional(backfillSetting(name))]);
  return v.pipe(
    v.strictObject(Object.fromEntries(entries), OBJECT),
    v.description('Settings of every backfill whose file says nothing else.'),
    v.transform((settings): Partial<Settings> => Object.assign({}, ...Object.values(settings))),
  );
}

function inCamelCase(name: SettingName): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** The text of a line in the header, or a list of such where it may be repeated. */
function backfillSetting(name: SettingName): v.GenericSchema<unknown, Partial<Settings>> {
  const texts = repeats(name)
    ? v.union([v.string(), v.array(v.string())], 'must be text or a list of such')
    : v.string('must be text');
  return v.pipe(
    texts,
    v.description(SETTING_FLAGS[name].description),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      let settings: Partial<Settings> = {};
      for (const text of [dataset.value].flat()) {
        const read = readSetting(name, text);
        if (typeof read === 'string') {
          addIssue({ message: `is ${read}, not '${text}'` });
          return NEVER;
        }
        settings = addSetting(settings, read);
      }
      return settings;
    }),
  );
}

function flagValue(setting: ApplySetting): v.GenericSchema {
  if (setting.takes === 'nothing') return described(setting.description, v.boolean('must be true or false'));
  if (setting.takes !== 'several') return flagText(setting);
  return v.pipe(
    v.union([v.string(), v.array(v.string())], 'must be text, as the flag takes it, or a list of such'),
    v.description(setting.description),
    v.transform((value): string[] => [value].flat()),
    v.array(flagText(setting)),
  );
}

/** The text of a flag, read as the flag reads it. */
function flagText({ read, description }: ApplySetting): v.GenericSchema<string, unknown> {
  return v.pipe(
    v.string('must be text, as the flag takes it'),
    v.description(description),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      try {
        return read(dataset.value);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        addIssue({ message: error.message.replace(/\.$/, '') });
        return NEVER;
      }
    }),
  );
}
