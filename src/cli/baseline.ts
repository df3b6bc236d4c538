import { Command, Option } from 'commander';
import { schema } from './apply-settings.ts';
import { type ExitCode, exitsWith } from './exit.ts';
import { config, databaseUrl, dir, yes } from './options.ts';

export function baselineCommand(): Command {
  return new Command('baseline')
    .summary('mark migrations as applied without running them')
    .description(
      'Marks migrations as applied without running them: for a database that has their changes already, from another tool or a dump. ' +
        'Nothing but the ledger is changed. What is applied already stays as it is, so that it may run again. A file that is half-done is ' +
        'not for it: see tiptoe repair.',
    )
    .addOption(databaseUrl())
    .addOption(dir())
    .addOption(config())
    .addOption(schema())
    .addOption(new Option('--to <name>', 'the last migration to mark, by name or version (default: all)'))
    .addOption(yes())
    .addOption(
      new Option('--format <format>', 'what to write to standard output').choices(['pretty', 'json']).default('pretty'),
    )
    .addHelpText(
      'after',
      `
Exit codes:
  0  they are marked, or were already
  1  one of them is half-done; nothing was marked
  2  wrong usage, or the server cannot be used
  3  not confirmed, or another tiptoe is at work; nothing was marked

Examples:
  tiptoe baseline --to 20260131120000     this database was made from a dump of that day
  tiptoe baseline --yes                   all of them, without a question`,
    )
    .action(
      exitsWith(async (_: unknown, command: Command): Promise<ExitCode> => {
        const { runBaseline } = await import('./settle-run.ts');
        return runBaseline(command);
      }),
    );
}
