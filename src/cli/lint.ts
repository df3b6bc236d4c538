import { Command, Option } from 'commander';
import { exitsWith } from './exit.ts';
import { loadAnalysis } from './load-analysis.ts';
import * as options from './options.ts';

interface LintOptions {
  readonly dir?: string;
  readonly config?: string;
  readonly var: Readonly<Record<string, string>>;
  readonly pgVersion?: number;
  readonly schema?: string;
  readonly databaseUrl?: string;
  readonly failOn: 'error' | 'warning' | 'never';
  readonly format: 'pretty' | 'json';
  readonly quiet: boolean;
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
    .addOption(options.variable())
    .addOption(options.pgVersion())
    .addOption(options.schemaDump())
    .addOption(options.schemaServer())
    .addOption(
      new Option('--fail-on <severity>', 'which findings make the exit code 1')
        .choices(['error', 'warning', 'never'])
        .default('error'),
    )
    .addOption(new Option('--format <format>', 'how to report').choices(['pretty', 'json']).default('pretty'))
    .option('-q, --quiet', 'print nothing when there is nothing to report', false)
    .addHelpText(
      'after',
      `
Examples:
  tiptoe lint                                  everything in migrations/
  tiptoe lint migrations/042_orders.sql        one file, on its own
  tiptoe lint --format json > findings.json    for a script
  git show HEAD:x.sql | tiptoe lint -          from a pipe
  tiptoe lint --schema schema.sql new.sql      a new file, on top of what pg_dump --schema-only wrote

A finding is accepted by a comment with a reason:
  -- tiptoe-disable-next-statement create-index-blocking: the table has 200 rows`,
    )
    .action(exitsWith((paths: string[], given: LintOptions, command: Command) => lint(paths, given, command)));
}

async function lint(paths: readonly string[], given: LintOptions, command: Command): Promise<0 | 1> {
  const { lintFiles } = await loadAnalysis();
  const { files, version } = await lintFiles(paths, given);
  const { counts } = await import('../report/counts.ts');
  const { errors, warnings } = counts(files);
  if (given.format === 'json') {
    const { lintJson } = await import('../report/lint-json.ts');
    process.stdout.write(lintJson(files, version));
  } else if (!given.quiet || errors + warnings > 0) {
    const [{ lintPretty, suppressedPretty }, { styleFor }, { wrap }] = await Promise.all([
      import('../report/lint-pretty.ts'),
      import('../terminal/style.ts'),
      import('../terminal/wrap.ts'),
    ]);
    const { color, verbose } = command.optsWithGlobals<{ color: boolean; verbose?: boolean }>();
    const style = styleFor(process.stdout, { color });
    if (verbose === true) process.stdout.write(suppressedPretty(files, style));
    // Where it is no terminal, a line stays a line.
    const width = process.stdout.columns;
    process.stdout.write(width > 0 ? wrap(lintPretty(files, style, width), width) : lintPretty(files, style));
  }
  if (given.failOn === 'never') return 0;
  return errors > 0 || (given.failOn === 'warning' && warnings > 0) ? 1 : 0;
}
