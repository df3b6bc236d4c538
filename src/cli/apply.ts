import { Command, Option } from 'commander';
import { APPLY_SETTINGS, settingOption } from './apply-settings.ts';
import { type ExitCode, exitsWith } from './exit.ts';
import { interruption } from './interruption.ts';
import { config, databaseUrl, dir, env, noCode, variable } from './options.ts';

export function applyCommand(): Command {
  const command = new Command('apply')
    .summary('apply pending migrations inside the safety envelope')
    .description(
      'Applies the migrations that the database does not have yet, in order. Traffic never waits behind a migration for longer than ' +
        '--max-stall: tiptoe looks who holds the locks it needs, stands in line only when they are about to leave, and tries again. ' +
        'Before anything is run, what is pending is linted; a file that would hold up the traffic of a table with more rows than ' +
        'gate.minRows in the config (1,000) is refused, until it is changed or let through with a reason. ' +
        'From the first lock that blocks others to the end of COMMIT a transaction has --cap; then it is cancelled and rolled back.',
    )
    .addOption(databaseUrl())
    .addOption(dir())
    .addOption(config())
    .addOption(noCode())
    .addOption(env())
    .addOption(variable())
    .addOption(new Option('--to <name>', 'the last migration to apply, by name or version'))
    .addOption(
      new Option('--format <format>', 'what to write to standard output')
        .choices(['pretty', 'json', 'ndjson'])
        .default('pretty'),
    )
    .addOption(
      new Option(
        '--allow <rule: reason>',
        'let findings of a rule through that would refuse a file; the ledger keeps the reason (repeatable)',
      )
        .argParser((text: string, before: readonly string[]) => [...before, text])
        .default([], 'none'),
    )
    .addOption(new Option('--only-plan', 'show what would be done and what is in the way, as tiptoe plan does'))
    .addOption(
      new Option('--run-backfills', 'run backfills in their place, instead of stopping before what needs them'),
    )
    .addOption(new Option('-q, --quiet', 'no progress on standard error'))
    .addHelpText(
      'after',
      `
Exit codes:
  0  all is applied; with a warning where a synchronous standby has not confirmed it
  1  a migration failed, hit the cap, was edited after it was applied, or would hold up the traffic of a big table
  2  wrong usage, or the server cannot be used (not reachable, read-only, a privilege is missing)
  3  stopped safely before the end (also: a synchronous standby is missing); run again to continue

Examples:
  tiptoe apply --database-url postgres://deploy@db.example.com/app
  tiptoe apply --dir db/migrations --to 20260131120000
  tiptoe apply --max-stall 100ms --give-up-after 1h    a table that is never quiet
  tiptoe apply --allow 'create-index-blocking: the shop is closed until 6:00'
  tiptoe apply --format json | jq .outcome

The times and the schema can also stand in tiptoe.config.json, where a flag wins: { "apply": { "maxStall": "100ms" } }`,
    )
    .action(
      exitsWith(async (_: unknown, command: Command): Promise<ExitCode> => {
        if (command.opts<{ onlyPlan?: true }>().onlyPlan === true) {
          const { showPlan } = await import('./plan-run.ts');
          return showPlan(command);
        }
        // From here on a signal is one that we answer.
        const interrupted = interruption();
        try {
          const { runApply } = await import('./apply-run.ts');
          return await runApply(command, interrupted);
        } finally {
          interrupted.release();
        }
      }),
    );
  for (const setting of Object.values(APPLY_SETTINGS)) command.addOption(settingOption(setting));
  return command;
}
