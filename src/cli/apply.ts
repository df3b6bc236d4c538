import { Command, Option } from 'commander';
import { type ExitCode, exitsWith } from './exit.ts';
import { interruption } from './interruption.ts';
import { databaseUrl, dir, duration, schema, variable } from './options.ts';
import type { ApplyCommandOptions } from './apply-run.ts';

const time = (flags: string, description: string, text: string): Option =>
  new Option(flags, description).argParser(duration).default(duration(text), text);

export function applyCommand(): Command {
  return new Command('apply')
    .summary('apply pending migrations inside the safety envelope')
    .description(
      'Applies the migrations that the database does not have yet, in order. Traffic never waits behind a migration for longer than ' +
        '--max-stall: tiptoe looks who holds the locks it needs, stands in line only when they are about to leave, and tries again. ' +
        'From the first lock that blocks others to the end of COMMIT a transaction has --cap; then it is cancelled and rolled back.',
    )
    .addOption(databaseUrl())
    .addOption(dir())
    .addOption(schema())
    .addOption(variable())
    .addOption(new Option('--to <name>', 'the last migration to apply, by name or version'))
    .addOption(time('--max-stall <time>', 'how long traffic may wait behind us while we wait for a lock', '200ms'))
    .addOption(time('--give-up-after <time>', 'how long to try for a lock, all tries together', '10min'))
    .addOption(time('--cap <time>', 'how long a transaction may hold locks that block others', '5s'))
    .addOption(time('--wait-for-runner <time>', 'how long to wait while another tiptoe applies migrations here', '60s'))
    .addOption(
      new Option('--format <format>', 'what to write to standard output')
        .choices(['pretty', 'json', 'ndjson'])
        .default('pretty'),
    )
    .addOption(new Option('--run-backfills', 'run backfills that come first, instead of stopping before them'))
    .addOption(new Option('-q, --quiet', 'no progress on standard error'))
    .addHelpText(
      'after',
      `
Exit codes:
  0  all is applied
  1  a migration failed, hit the cap, or was edited after it was applied
  2  wrong usage, or the server cannot be used (not reachable, read-only, a privilege is missing)
  3  stopped safely before the end; run again to continue

Examples:
  tiptoe apply --database-url postgres://deploy@db.example.com/app
  tiptoe apply --dir db/migrations --to 20260131120000
  tiptoe apply --max-stall 100ms --give-up-after 1h    a table that is never quiet
  tiptoe apply --format json | jq .outcome`,
    )
    .action(
      exitsWith(async (_: unknown, command: Command): Promise<ExitCode> => {
        // From here on a signal is one that we answer.
        const interrupted = interruption();
        try {
          const { runApply } = await import('./apply-run.ts');
          return await runApply(command.optsWithGlobals<ApplyCommandOptions>(), interrupted);
        } finally {
          interrupted.release();
        }
      }),
    );
}
