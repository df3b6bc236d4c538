import type { Example, Rule } from '../lint/kit.ts';
import { LINTERS } from '../lint/other-linters.ts';
import type { RuleOptions } from '../lint/rule-options.ts';

/** The list of rules, each with a link to its page; `folder` is where the pages are. */
export function rulesIndex(rules: readonly Rule[], folder: string): string {
  const rows = rules.map(
    ({ name, category, severity, docs }) =>
      `| [${name}](${folder}${name}.md) | ${category} | ${severity} | ${cell(docs.what)} |`,
  );
  return [
    '<!-- Generated from the rules by `npm run docs`. -->',
    '# Rules',
    '',
    'A rule is one file in this folder, listed in `index.ts`. `tiptoe rules NAME` shows a page in the terminal.',
    'A rule that is off is for those who want it: `"rules": { "RULE": "warning" }` in `tiptoe.config.json`.',
    'To accept a finding, say why: `-- tiptoe-disable-next-statement RULE: reason`.',
    '',
    '| rule | category | severity | finds |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** The page of a rule. */
export function ruleMarkdown(rule: Rule): string {
  const { name, aliases = {} } = rule;
  const others = LINTERS.flatMap((linter) => {
    const names = aliases[linter] ?? [];
    return names.length === 0 ? [] : [`${linter} \`${names.join('`, `')}\``];
  });
  return [
    '<!-- Generated from the rule by `npm run docs`. -->',
    `# ${name}`,
    '',
    ruleHelp(rule),
    ...(others.length === 0 ? [] : [`Elsewhere: ${others.join('; ')}.`, '']),
    `To accept a finding: \`-- tiptoe-disable-next-statement ${name}: why it is safe here\`.`,
    '',
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`);
}

/** What a rule finds, why, what to do instead, and examples. */
export function ruleHelp({ name, category, severity, docs, examples, options = {} }: Rule): string {
  return [
    `*${category}, ${severity}*. ${docs.what}`,
    '',
    `**Why:** ${docs.why}`,
    '',
    `**Instead:** ${docs.instead}`,
    '',
    ...part('Found:', examples.bad),
    ...part('Fine:', examples.good),
    ...optionLines(name, severity, options),
    ...(docs.source === undefined ? [] : [`Source: <${docs.source}>`, '']),
  ].join('\n');
}

function part(title: string, examples: readonly Example[]): string[] {
  return examples.length === 0 ? [] : [title, '', ...examples.flatMap(code)];
}

function optionLines(name: string, severity: Rule['severity'], options: RuleOptions): string[] {
  const entries = Object.entries(options);
  if (entries.length === 0) return [];
  const level = severity === 'off' ? 'warning' : severity;
  return entries.flatMap(([option, { description, default: value }]) => [
    `Option: \`"${name}": ["${level}", { "${option}": ${JSON.stringify(value).replaceAll(',', ', ')} }]\`. ${description}`,
    '',
  ]);
}

function code({ before, merged, sql, after, since, until }: Example): string[] {
  const earlier = before === undefined ? [] : ['-- earlier migrations', ...before.split('\n'), '-- this one'];
  const once = merged === undefined ? [] : ['-- as it was merged', ...merged.split('\n'), '-- as it is now'];
  const later = after === undefined ? [] : ['-- later migrations', ...after.split('\n')];
  const versions = [
    ...(since === undefined ? [] : [`-- PostgreSQL ${since} and later`]),
    ...(until === undefined ? [] : [`-- PostgreSQL ${until} and earlier`]),
  ];
  return ['```sql', ...versions, ...earlier, ...once, ...sql.split('\n'), ...later, '```', ''];
}
