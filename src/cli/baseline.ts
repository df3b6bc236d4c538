import { type Command, Option } from 'commander';
import { type ExitCode, exitsWith } from './exit.ts';
import { settleCommand } from './settle-command.ts';

export function baselineCommand(): Command {
  return settleCommand('baseline', [
    new Option('--to <name>', 'the last migration to mark, by name or version (default: all)'),
  ])
    .summary('mark migrations as applied without running them')
    .description(
      'Marks migrations as applied without running them: for a database that has their changes already, from another tool or a dump. ' +
        'Nothing but the ledger is changed. What is applied already stays as it is, so that it may run again. A file that is half-done is ' +
        'not for it: see tiptoe repair.',
    )
    .addHelpText(
      'after',
      `
Exit codes:
  0  they are marked, or were already
  1  one of them is half-done; nothing was marked
  2  wrong usage, nobody to ask and no --yes, or the server cannot be used
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
