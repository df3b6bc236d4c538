import * as v from 'valibot';
import { rules } from '../../rules/index.ts';
import { closest } from '../closest.ts';
import { Problem } from '../problem.ts';

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
});

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
    const inside = path.lastIndexOf('.') + 1;
    const known = inside === 0 ? ConfigSchema.entries : ConfigSchema.entries.newTables.wrapped.entries;
    const guess = closest(path.slice(inside), Object.keys(known));
    return `there is no setting '${path}'${guess === null ? '' : `, did you mean '${guess}'?`}`;
  }
  return `${path}: ${issue.message}`;
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
