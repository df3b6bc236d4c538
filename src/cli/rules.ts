import { Command, Option } from 'commander';
import type { Rule } from '../lint/kit.ts';
import { Problem } from '../problem.ts';
import { printable } from '../report/printable.ts';
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
    .description('Lists the rules, or shows what one of them finds, why, what to do instead, and examples.')
    .argument('[name]', 'a rule, such as create-index-blocking')
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
  const shown = name === undefined ? rules : [findRule(rules, name)];
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
  const [{ ruleList, rulePage }, { styleFor }, { wrap }] = await Promise.all([
    import('../report/rules-pretty.ts'),
    import('../terminal/style.ts'),
    import('../terminal/wrap.ts'),
  ]);
  const style = styleFor(process.stdout, { color });
  const [rule] = shown;
  const text = name === undefined || rule === undefined ? ruleList(rules, style) : rulePage(rule, style);
  process.stdout.write(process.stdout.columns > 0 ? wrap(text, process.stdout.columns) : text);
  return 0;
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
