import { Command, Option } from 'commander';
import { schema } from './apply-settings.ts';
import { type ExitCode, exitsWith } from './exit.ts';
import { config, databaseUrl, dir, ordinal, yes } from './options.ts';

export function repairCommand(): Command {
  return new Command('repair')
    .summary('settle a migration that is half-done, failed or edited')
    .description(
      'Says how one migration stands, when a person knows better than the ledger: after a half-done file was finished by hand, a file was ' +
        'edited after it was applied, or its file is gone. Nothing but the ledger is changed; it keeps the reason, who and when.',
    )
    .argument('<file>', 'the migration, by name, path or version')
    .addOption(databaseUrl())
    .addOption(dir())
    .addOption(config())
    .addOption(schema())
    .addOption(
      new Option(
        '--as <verdict>',
        'applied: all of it stands, with the file as it is now; pending: nothing of it stands, and apply runs it from its start',
      )
        .choices(['applied', 'pending'])
        .makeOptionMandatory(),
    )
    .addOption(new Option('--reason <text>', 'why, for whoever reads the ledger later').makeOptionMandatory())
    .addOption(
      new Option('--statement <n>', 'settle one statement alone, counted from 1; apply goes on after it').argParser(
        ordinal,
      ),
    )
    .addOption(yes())
    .addOption(
      new Option('--format <format>', 'what to write to standard output').choices(['pretty', 'json']).default('pretty'),
    )
    .addHelpText(
      'after',
      `
Exit codes:
  0  it is settled, or stood so already
  2  wrong usage, no such migration, or the server cannot be used
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
