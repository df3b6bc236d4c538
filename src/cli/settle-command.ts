import { Command, Option } from 'commander';
import { schema } from './apply-settings.ts';
import { config, databaseUrl, dir, env, noCode } from './options.ts';

/** A command that writes to the ledger alone, with options of its own among those that all such commands have. */
export function settleCommand(name: string, own: readonly Option[]): Command {
  const command = new Command(name);
  const options = [
    databaseUrl(),
    dir(),
    config(),
    noCode(),
    env(),
    schema(),
    ...own,
    new Option('--yes', 'do not ask; needed where standard input is no terminal'),
    new Option('--format <format>', 'what to write to standard output').choices(['pretty', 'json']).default('pretty'),
  ];
  for (const option of options) command.addOption(option);
  return command;
}
