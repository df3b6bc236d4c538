import * as v from 'valibot';
import { rules } from '../../rules/index.ts';
import {
  addSetting,
  readSetting,
  repeats,
  SETTING_NAMES,
  type SettingName,
  type Settings,
} from '../backfill/settings.ts';
import { closest } from '../closest.ts';
import { Problem } from '../problem.ts';
import { APPLY_SETTINGS, type ApplySetting } from './apply-settings.ts';

const NewTableEntries = {
  policy: v.exactOptional(
    v.picklist(['detect', 'declare', 'forbid', 'allow'], `must be "detect", "declare", "forbid" or "allow"`),
  ),
  maxWritesPerSecond: v.exactOptional(v.pipe(v.number(), v.minValue(0))),
};

const ConfigSchema = v.strictObject({
  $schema: v.optional(v.string()),
  /** The server's major version. */
  pgVersion: v.optional(v.pipe(v.number(), v.integer(), v.minValue(13), v.maxValue(18))),
  /** Where the migrations are, from the config file's folder. */
  dir: v.optional(v.string()),
  rules: v.optional(
    v.record(v.string(), v.picklist(['off', 'warning', 'error'], `must be "off", "warning" or "error"`)),
  ),
  /** What a new table needs: see the rule write-heavy-table. */
  newTables: v.optional(
    v.strictObject({
      ...NewTableEntries,
      schemas: v.exactOptional(v.array(v.string())),
      tables: v.exactOptional(v.record(v.string(), v.strictObject(NewTableEntries))),
    }),
  ),
  /** When the linter keeps `apply` from running a file. */
  gate: v.exactOptional(v.strictObject({ minRows: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0))) })),
  /** What the flags of `apply` are when they are not given. */
  apply: v.exactOptional(
    v.strictObject(
      Object.fromEntries(
        Object.entries(APPLY_SETTINGS).map(([name, setting]) => [name, v.exactOptional(valueOf(setting))]),
      ),
    ),
  ),
  /** Settings of every backfill whose file says nothing else. */
  backfill: v.exactOptional(
    v.pipe(
      v.strictObject(
        Object.fromEntries(SETTING_NAMES.map((name) => [inCamelCase(name), v.exactOptional(backfillSetting(name))])),
      ),
      v.transform((settings): Partial<Settings> => Object.assign({}, ...Object.values(settings))),
    ),
  ),
});

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

function valueOf(setting: ApplySetting): v.GenericSchema {
  if (setting.takes === 'nothing') return v.boolean('must be true or false');
  if (setting.takes !== 'several') return text(setting);
  return v.pipe(
    v.union([v.string(), v.array(v.string())], 'must be text, as the flag takes it, or a list of such'),
    v.transform((value): string[] => [value].flat()),
    v.array(text(setting)),
  );
}

/** The text of a flag, read as the flag reads it. */
function text({ read }: ApplySetting): v.GenericSchema<string, unknown> {
  return v.pipe(
    v.string('must be text, as the flag takes it'),
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

/** Checks what a config file holds; all that is wrong with it is told at once. */
export function checkConfig(content: unknown, shown: string): v.InferOutput<typeof ConfigSchema> {
  if (Array.isArray(content))
    throw new Problem(`${shown} holds a list, not settings.`, { advice: 'Write { … } around the settings.' });
  const parsed = v.safeParse(ConfigSchema, content);
  const problems = [...(parsed.issues ?? []).map(explain), ...ruleNames(content).flatMap(unknownRule)];
  if (parsed.success && problems.length === 0) return parsed.output;
  throw new Problem(`${shown}: ${problems.join('; ')}.`, { advice: 'Correct the file; tiptoe rules lists the rules.' });
}

function explain(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue) ?? 'the config';
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const keys = (issue.path ?? []).map(({ key }) => String(key));
    const guess = closest(keys.at(-1) ?? '', settingsAt(keys.slice(0, -1)));
    return `there is no setting '${path}'${guess === null ? '' : `, did you mean '${guess}'?`}`;
  }
  return `${path}: ${issue.message}`;
}

/** A schema as far as it is looked into for names. */
interface Shape {
  readonly type: string;
  readonly wrapped?: Shape;
  readonly entries?: Readonly<Record<string, Shape>>;
  readonly value?: Shape;
}

/** The names of the settings that an object in the config may hold. */
function settingsAt(path: readonly string[]): string[] {
  let shape: Shape | undefined = ConfigSchema;
  for (const key of path) {
    const held: Shape | undefined = shape?.entries?.[key] ?? shape?.value;
    shape = held?.wrapped ?? held;
  }
  return Object.keys(shape?.entries ?? {});
}

/** Also where the rest of the config is wrong; read here, since the schema's output leaves out names such as `constructor`. */
function ruleNames(content: unknown): string[] {
  const named = v.safeParse(
    v.looseObject({ rules: v.custom<object>((value) => typeof value === 'object' && value !== null) }),
    content,
  );
  return named.success ? Object.keys(named.output.rules) : [];
}

function unknownRule(name: string): string[] {
  const names = rules.map((rule) => rule.name);
  if (names.includes(name)) return [];
  const guess = closest(name, names);
  return [`there is no rule '${name}'${guess === null ? '' : `, did you mean '${guess}'?`}`];
}
