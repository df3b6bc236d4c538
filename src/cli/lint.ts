import { Command, Option } from 'commander';
import { FORMATS } from '../report/formats.ts';
import { exitsWith } from './exit.ts';
import * as options from './options.ts';

export interface LintOptions {
  readonly dir?: string;
  readonly config?: string;
  readonly framework?: string;
  readonly down: boolean;
  readonly var: Readonly<Record<string, string>>;
  readonly pgVersion?: number;
  readonly schema?: string;
  readonly code: boolean;
  readonly env?: string;
  readonly databaseUrl?: string;
  readonly facts?: string | false;
  readonly statementTimeout?: number;
  readonly sample?: number;
  readonly failOn: 'error' | 'warning' | 'never';
  readonly format?: readonly string[];
  readonly since?: string;
  /** False for none. */
  readonly baseline?: string | false;
  /** True for the file that is there, or the one of the default name. */
  readonly writeBaseline?: string | true;
  readonly quiet: boolean;
  /** True for no file in particular. */
  readonly printConfig?: string | true;
}

export function lintCommand(): Command {
  return new Command('lint')
    .summary('check migrations before they are merged')
    .description(
      'Reads migrations in order, as one history, and reports what would hold up, break or surprise production.',
    )
    .argument('[paths...]', 'files or folders; - reads standard input (default: the migrations of this repository)')
    .addOption(options.dir())
    .addOption(options.config())
    .addOption(options.noCode())
    .addOption(options.env())
    .addOption(options.framework())
    .addOption(options.down())
    .addOption(options.variable())
    .addOption(options.pgVersion())
    .addOption(options.schemaDump())
    .addOption(options.schemaServer())
    .addOption(options.facts())
    .addOption(options.noFacts())
    .addOption(options.statementTimeout())
    .addOption(options.sample())
    .addOption(
      new Option('--fail-on <severity>', 'which findings make the exit code 1')
        .choices(['error', 'warning', 'never'])
        .default('error'),
    )
    .option(
      '--since <ref>',
      'report only what changed since this branch, tag or commit; all of it is read all the same',
    )
    .option(
      '--baseline <file>',
      'findings that are accepted as they are (default: .tiptoe-baseline.json, here or above)',
    )
    .option('--no-baseline', 'report also what the baseline accepts')
    .option('--write-baseline [file]', 'accept all that is found now, and report only what comes later')
    .addOption(
      new Option('--format <format[=file]>', 'how to report, once or more: on standard output, or to a file')
        .argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text])
        .default(undefined, 'pretty'),
    )
    .option('-q, --quiet', 'print nothing when there is nothing to report', false)
    .option('--print-config [file]', 'print the config as it holds for this file, and lint nothing')
    .addHelpText(
      'after',
      `
Examples:
  tiptoe lint                                  everything in migrations/
  tiptoe lint migrations/042_orders.sql        one file, on its own
  tiptoe lint --format json > findings.json    for a script
  tiptoe lint --format pretty --format sarif=tiptoe.sarif
  tiptoe lint --since origin/main              only what this branch changes
  tiptoe lint --write-baseline                 begin in an old repository
  git show HEAD:x.sql | tiptoe lint -          from a pipe
  tiptoe lint --schema schema.sql new.sql      a new file, on top of what pg_dump --schema-only wrote
  tiptoe lint --facts facts.json new.sql       by the sizes and the traffic that tiptoe snapshot saw

Placeholders such as {{ .Schema }}, \${schema} and :schema get their text by --var, or under variables in the config; without,
statements are read with a stand-in. \\i and \\ir of psql are followed below the migrations' folder; \\! is never run.

Formats:
${Object.entries(FORMATS)
  .map(([name, { says }]) => `  ${name.padEnd(12)}${says}`)
  .join('\n')}

A finding is accepted by a comment with a reason:
  -- tiptoe-disable-next-statement create-index-blocking: the table has 200 rows`,
    )
    .action(
      exitsWith(async (paths: string[], given: LintOptions, command: Command) => {
        if (given.printConfig !== undefined) {
          const { printedConfig } = await import('./print-config.ts');
          process.stdout.write(await printedConfig(given.printConfig === true ? null : given.printConfig, given));
          return 0;
        }
        const { runLint } = await import('./lint-run.ts');
        return runLint(paths, given, command.optsWithGlobals<{ color: boolean; verbose?: boolean }>());
      }),
    );
}
