import { Command, Option } from 'commander';
import type { Check } from '../audit/check.ts';
import type { Rule } from '../lint/kit.ts';
import { Problem } from '../problem.ts';
import { printable } from '../report/printable.ts';
import type { Style } from '../report/style.ts';
import type { ConfigFlags } from './config.ts';
import { exitsWith } from './exit.ts';
import * as options from './options.ts';

interface RulesOptions extends ConfigFlags {
  readonly alias?: string;
  readonly code: boolean;
  readonly format: 'pretty' | 'json' | 'markdown';
}

export function rulesCommand(): Command {
  return new Command('rules')
    .summary('the rules of lint, or the page of one')
    .description(
      'Lists the rules, or shows what one of them, or a check of tiptoe audit, finds, why, what to do instead, and examples.',
    )
    .argument('[name]', 'a rule, such as create-index-blocking, or a check, such as invalid-index')
    .addOption(options.config())
    .addOption(options.noCode())
    .addOption(
      new Option(
        '--alias <name>',
        'the rules that another linter calls so (squawk, strong_migrations, eugene, MigrationPilot, pgfence, Atlas), or all that a linter has',
      ),
    )
    .addOption(
      new Option('--format <format>', 'how to print').choices(['pretty', 'json', 'markdown']).default('pretty'),
    )
    .addHelpText(
      'after',
      `
Examples:
  tiptoe rules create-index-blocking                      what it finds, why, what to do instead
  tiptoe rules --alias require-concurrent-index-creation  what squawk calls so
  tiptoe rules --alias strong_migrations                  all of its checks
  tiptoe rules --alias safety_assured                     how a finding is accepted here`,
    )
    .action(exitsWith((name: string | undefined, given: RulesOptions, command: Command) => show(name, given, command)));
}

async function show(name: string | undefined, given: RulesOptions, command: Command): Promise<0> {
  const { alias, format } = given;
  const { color } = command.optsWithGlobals<{ color: boolean }>();
  if (alias !== undefined) {
    const { showAlias } = await import('./rules-alias.ts');
    return showAlias(alias, name, format, color);
  }
  const [{ rules: builtIn }, { findRule }] = await Promise.all([
    import('../../rules/index.ts'),
    import('./find-rule.ts'),
  ]);
  const rules = [...builtIn, ...(await ownRules(given))];
  const { checks } = await import('../audit/all-checks.ts');
  const check = rules.some((rule) => rule.name === name) ? undefined : checks.find((known) => known.name === name);
  if (check !== undefined) return showCheck(check, format, color);
  const shown = name === undefined ? rules : [findRule(rules, name, checks)];
  if (format === 'json') {
    process.stdout.write(
      `${JSON.stringify(shown.map(({ name, category, severity, aliases = {}, docs, examples, options, origin }) => ({ name, category, severity, aliases, docs, examples, options, file: origin })))}\n`,
    );
    return 0;
  }
  if (format === 'markdown') {
    const { ruleMarkdown } = await import('../report/rules-markdown.ts');
    process.stdout.write(shown.map(ruleMarkdown).join('\n'));
    return 0;
  }
  const [{ ruleList, rulePage }, { CHECKS_ELSEWHERE }] = await Promise.all([
    import('../report/rules-pretty.ts'),
    import('../report/audit-checks.ts'),
  ]);
  const [rule] = shown;
  await print(color, (style) =>
    name === undefined || rule === undefined
      ? `${ruleList(rules, style)}\n${style.dim(CHECKS_ELSEWHERE)}\n`
      : rulePage(rule, style),
  );
  return 0;
}

/** Who reads the report of an audit looks for its names here, too. */
async function showCheck(check: Check, format: RulesOptions['format'], color: boolean): Promise<0> {
  const [{ checkMarkdown, checkPage }, { usualQuery }] = await Promise.all([
    import('../report/audit-checks.ts'),
    import('../audit/query.ts'),
  ]);
  if (format === 'pretty') await print(color, (style) => checkPage(check, style));
  if (format === 'markdown') process.stdout.write(checkMarkdown(check));
  if (format === 'json') {
    const { name, category, severity, docs } = check;
    process.stdout.write(
      `${JSON.stringify([{ name, category, severity, docs, check: true, query: usualQuery(check) }])}\n`,
    );
  }
  return 0;
}

async function print(color: boolean, text: (style: Style) => string): Promise<void> {
  const [{ styleFor }, { wrap }] = await Promise.all([import('../terminal/style.ts'), import('../terminal/wrap.ts')]);
  const shown = text(styleFor(process.stdout, { color }));
  process.stdout.write(process.stdout.columns > 0 ? wrap(shown, process.stdout.columns) : shown);
}

/** Who looks for the name of a rule because the config is wrong must find it. */
async function ownRules(given: RulesOptions): Promise<readonly Rule[]> {
  const { readConfig } = await import('./config.ts');
  try {
    return (await readConfig(given)).ownRules;
  } catch (error) {
    if (!(error instanceof Problem) || given.config !== undefined || !given.code) throw error;
    process.stderr.write(`tiptoe: rules of your own are not shown: ${printable(error.message)}\n`);
    return [];
  }
}
