import { Command, Option } from 'commander';
import { schema } from './apply-settings.ts';
import { type ExitCode, exitsWith } from './exit.ts';
import { config, databaseUrl, dir, env, noCode } from './options.ts';

export function statusCommand(): Command {
  return new Command('status')
    .summary('show what is applied, pending, half-done or failed')
    .description(
      'Compares the migrations with what the database has, and changes nothing. The exit code is 0 also with work pending; a script ' +
        'can ask --format json.',
    )
    .argument('[name]', 'one migration, by name or version, with all that is known of its statements')
    .addOption(databaseUrl())
    .addOption(dir())
    .addOption(config())
    .addOption(noCode())
    .addOption(env())
    .addOption(schema())
    .addOption(
      new Option('--format <format>', 'what to write to standard output').choices(['pretty', 'json']).default('pretty'),
    )
    .addHelpText(
      'after',
      `
Examples:
  tiptoe status 20260131120000      what each statement cost, whom it made wait, and who ran it
  tiptoe status --database-url postgres://deploy@db.example.com/app
  tiptoe status --format json | jq '.migrations[] | select(.state == "pending") | .path'`,
    )
    .action(
      exitsWith(async (_name: unknown, _options: unknown, command: Command): Promise<ExitCode> => {
        const { showStatus } = await import('./status-run.ts');
        return showStatus(command);
      }),
    );
}
