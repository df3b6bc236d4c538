import { Command, Option } from 'commander';
import { APPLY_SETTINGS, settingOption } from './apply-settings.ts';
import { type ExitCode, exitsWith } from './exit.ts';
import { config, databaseUrl, dir, env, noCode, variable } from './options.ts';

export function planCommand(): Command {
  const command = new Command('plan')
    .summary('show what apply would do, and what is in its way')
    .description(
      'Shows what apply would do now, and changes nothing: which migrations in which order, what each statement locks, what the linter ' +
        'says of it, how big and how busy the tables are, and which transactions, replication slots and backfills are in the way. ' +
        'The server refuses this session every write, and it waits half a second at most for anything.',
    )
    .addOption(databaseUrl())
    .addOption(dir())
    .addOption(config())
    .addOption(noCode())
    .addOption(env())
    .addOption(variable())
    .addOption(new Option('--to <name>', 'the last migration to look at, by name or version'))
    .addOption(
      new Option('--format <format>', 'what to write to standard output').choices(['pretty', 'json']).default('pretty'),
    )
    .addHelpText(
      'after',
      `
Exit codes:
  0  it could be read, also with work pending, and where apply would refuse to begin: that is told
  2  wrong usage, or the server, the migrations or tiptoe's tables cannot be read

Examples:
  tiptoe plan --database-url postgres://deploy@db.example.com/app
  tiptoe plan --to 20260131120000
  tiptoe plan --format json | jq '.files[].findings[] | select(.severity == "error")'
  tiptoe apply --only-plan                             the same`,
    )
    .action(
      exitsWith(async (_: unknown, command: Command): Promise<ExitCode> => {
        const { showPlan } = await import('./plan-run.ts');
        return showPlan(command);
      }),
    );
  const { schema, maxStall, giveUpAfter, cap, maxCap, outOfOrder, window } = APPLY_SETTINGS;
  for (const setting of [schema, maxStall, giveUpAfter, cap, maxCap, outOfOrder, window])
    command.addOption(settingOption(setting));
  return command;
}
