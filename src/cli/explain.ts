import { Command, Option } from 'commander';
import { exitsWith } from './exit.ts';
import { loadAnalysis } from './load-analysis.ts';
import * as options from './options.ts';
import { tell } from './tell.ts';

interface ExplainOptions {
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
  readonly format: 'pretty' | 'json';
  readonly quiet: boolean;
}

export function explainCommand(): Command {
  return new Command('explain')
    .summary('what each statement locks, rewrites and scans, and whom that blocks')
    .description(
      'Shows, statement by statement, which tables are locked and how, for how long in kind, who is blocked meanwhile, and why.',
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
    .addOption(new Option('--format <format>', 'how to report').choices(['pretty', 'json']).default('pretty'))
    .option('-q, --quiet', 'only statements that hold up traffic, or are not understood', false)
    .addHelpText(
      'after',
      `
Examples:
  tiptoe explain migrations/042_orders.sql
  echo 'ALTER TABLE orders ADD COLUMN total numeric' | tiptoe explain -`,
    )
    .action(exitsWith((paths: string[], given: ExplainOptions, command: Command) => explain(paths, given, command)));
}

async function explain(paths: readonly string[], given: ExplainOptions, command: Command): Promise<0 | 1> {
  const { analyseFiles } = await loadAnalysis(paths);
  const { files, version, told, origin } = await analyseFiles(paths, given);
  if (!given.quiet) tell(given.format === 'pretty' ? told : { ...told, tool: null });
  if (given.format === 'json') {
    const { explainJson } = await import('../report/explain-json.ts');
    process.stdout.write(explainJson(files, version, origin));
  } else {
    const [{ explainPretty }, { styleFor }] = await Promise.all([
      import('../report/explain-pretty.ts'),
      import('../terminal/style.ts'),
    ]);
    const style = styleFor(process.stdout, { color: command.optsWithGlobals<{ color: boolean }>().color });
    process.stdout.write(explainPretty(files, style, { quiet: given.quiet, origin }));
  }
  return files.some(({ script }) => script.faults.length > 0) ? 1 : 0;
}
