import { type Command, Option } from 'commander';
import { type ExitCode, exitsWith } from './exit.ts';
import { ordinal } from './options.ts';
import { settleCommand } from './settle-command.ts';

export function repairCommand(): Command {
  return settleCommand('repair', [
    new Option(
      '--as <verdict>',
      'applied: all of it stands, with the file as it is now; pending: nothing of it stands, and apply runs it from its start',
    )
      .choices(['applied', 'pending'])
      .makeOptionMandatory(),
    new Option('--reason <text>', 'why, for whoever reads the ledger later').makeOptionMandatory(),
    new Option('--statement <n>', 'settle one statement alone, counted from 1; apply goes on after it').argParser(
      ordinal,
    ),
  ])
    .summary('settle a migration that is half-done, failed or edited')
    .description(
      'Says how one migration stands, when a person knows better than the ledger: after a half-done file was finished by hand, a file was ' +
        'edited after it was applied, or its file is gone. Nothing but the ledger is changed; it keeps the reason, who and when.',
    )
    .argument('<file>', 'the migration, by name, path or version')
    .addHelpText(
      'after',
      `
Exit codes:
  0  it is settled, or stood so already
  2  wrong usage, no such migration, nobody to ask and no --yes, or the server cannot be used
  3  not confirmed, or another tiptoe is at work; nothing was changed

Examples:
  tiptoe repair 007_total --as applied --reason 'finished by hand, INC-12'
  tiptoe repair migrations/007_total.sql --as pending --reason 'rolled back by hand'
  tiptoe repair 007_total --statement 3 --as applied --reason 'the procedure did run'`,
    )
    .action(
      exitsWith(async (file: string, _: unknown, command: Command): Promise<ExitCode> => {
        const { runRepair } = await import('./settle-run.ts');
        return runRepair(file, command);
      }),
    );
}
