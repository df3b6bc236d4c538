import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { schema } from './apply-settings.ts';
import { Problem } from '../problem.ts';
import type {
  CommonOptions,
  LogOptions,
  ReportOptions,
  RunOptions,
  SettingOptions,
  StatusOptions,
} from './backfill-options.ts';
import { SETTING_FLAGS } from './backfill-flags.ts';
import { type ExitCode, exitsWith } from './exit.ts';
import { config, databaseUrl, dir, duration, env, noCode, port, variable } from './options.ts';

/** `tiptoe backfill …` */
export function backfillCommand(): Command {
  return new Command('backfill')
    .summary('change many rows in small, paced batches')
    .description('Changes many rows in small, paced batches that can be paused, resumed and verified.')
    .hook('preAction', async (_, command) => {
      const { configure } = await import('./configure.ts');
      await configure(command, ({ dir, apply: { schema }, backfill }) => ({ dir, schema, configured: backfill }));
    })
    .addCommand(runCommand())
    .addCommand(listCommand())
    .addCommand(statusCommand())
    .addCommand(logCommand())
    .addCommand(statesCommand())
    .addCommand(requestCommand('pause', 'paused', 'stop a backfill after the batch at work; it can be resumed'))
    .addCommand(requestCommand('resume', 'running', 'let a paused or cancelled backfill go on'))
    .addCommand(
      requestCommand('cancel', 'cancelled', 'give a backfill up after the batch at work; what is done stays done'),
    )
    .addCommand(setCommand())
    .addCommand(verifyCommand());
}

const NAME = (): Argument => new Argument('<name>', 'its file name without .backfill.sql');

const RUN_HELP = `
While it runs, from any terminal: tiptoe backfill pause NAME, tiptoe backfill set NAME --rate 500, or by plain SQL:
  UPDATE tiptoe.backfill SET desired_state = 'paused' WHERE name = 'NAME'
A pause that was asked for so stays until tiptoe backfill resume NAME, or run --resume, so that no supervisor undoes it.

Ctrl-C, SIGTERM and SIGHUP pause after the batch at work, and running again goes on. A second Ctrl-C cancels the batch, and so
does a batch of more than 5 s after SIGTERM; nothing of it stays.

Exit codes:
  0  all rows are done
  1  failed, cancelled, or paused itself after five failed batches in a row
  2  wrong usage, or the server or the table cannot be used
  3  paused, or stopped safely before the end; run again to continue (after resume, where someone asked for the pause)

Examples:
  tiptoe backfill run migrations/008_email_lower.backfill.sql
  tiptoe backfill run 008_email_lower --dry-run
  tiptoe backfill run 008_email_lower --rate 5000 --max-lag 2s`;

function runCommand(): Command {
  const command = new Command('run')
    .summary('run one backfill until it is done, paused or stopped')
    .description(
      'Runs the one UPDATE, DELETE or INSERT … SELECT of a .backfill.sql file over its table in batches of keys. Every batch commits ' +
        'together with its checkpoint, so that a backfill which was paused, killed or cut off goes on exactly where it was when it is ' +
        'run again. Its size adapts to --batch-time; a standby that falls behind, or someone who waits for a lock on the table, holds it up.',
    )
    .addHelpText('after', RUN_HELP)
    .addArgument(new Argument('<file-or-name>', 'a .backfill.sql file, or the name of one'))
    .addOption(new Option('--dry-run', 'show the SQL and the plan of one batch, and write nothing'))
    .addOption(new Option('--allow-full-scan', 'run it also where each batch reads a whole table'))
    .addOption(new Option('--skip-poison', 'leave out rows that make the statement fail, and write them down'))
    .addOption(new Option('--key <columns>', 'the unique key to walk (default: the primary key)'))
    .addOption(databaseUrl())
    .addOption(dir())
    .addOption(config())
    .addOption(noCode())
    .addOption(env())
    .addOption(schema())
    .addOption(variable())
    .addOption(
      new Option(
        '--workers <n>',
        'share the keys between so many workers, and with every other process, on any machine, that is started so; rate and max-wal are for all of them together (default: one, alone)',
      ).argParser(workerCount),
    )
    .addOption(
      new Option('--wait-for-runner <time>', 'how long to wait for another process that runs it')
        .argParser(duration)
        .default(60_000, '60s'),
    )
    .addOption(
      new Option('--reconnect-for <time>', 'how long to try to get a lost connection back')
        .argParser(duration)
        .default(60_000, '60s'),
    )
    .addOption(new Option('--resume', 'go on although someone paused or cancelled it'))
    .addOption(new Option('--exact-total', 'count the keys first, which reads the table once (default: an estimate)'))
    .addOption(
      new Option('--metrics-port <port>', 'serve Prometheus metrics on this port, 0 for any that is free').argParser(
        port,
      ),
    )
    .addOption(
      new Option('--metrics-host <address>', 'the address that the metrics are served on').default('127.0.0.1'),
    )
    .addOption(new Option('--format <format>', 'how to report').choices(['pretty', 'json', 'ndjson']).default('pretty'))
    .addOption(new Option('-q, --quiet', 'no progress on standard error'));
  return withSettings(command, " (default: the file's)").action(
    exitsWith(async (source: string, options: RunOptions): Promise<ExitCode> => {
      const { runFromCommandLine } = await import('./backfill-run.ts');
      return runFromCommandLine(source, options);
    }),
  );
}

function listCommand(): Command {
  return report(new Command('list').description('all backfills that were ever started or registered')).action(
    exitsWith(async (options: ReportOptions): Promise<ExitCode> => {
      const { showList } = await import('./backfill-control.ts');
      return showList(options);
    }),
  );
}

function statusCommand(): Command {
  return common(new Command('status').description('how far one backfill is, or all that are not done'))
    .addArgument(new Argument('[name]', 'its file name without .backfill.sql'))
    .addOption(new Option('--sql', 'the SQL of one batch, as it is run'))
    .addOption(new Option('-w, --watch', 'look every second, until it is done').conflicts('sql'))
    .addOption(new Option('--format <format>', 'how to report').choices(['pretty', 'json', 'ndjson']).default('pretty'))
    .addHelpText('after', '\nWhat each state means, and what leads to it: tiptoe backfill states')
    .action(
      exitsWith(async (name: string | undefined, options: StatusOptions): Promise<ExitCode> => {
        if (options.watch === true) {
          const { watchStatus } = await import('./backfill-watch.ts');
          return watchStatus(name, options);
        }
        const { showList, showSql, showStatus } = await import('./backfill-control.ts');
        if (name === undefined) return showList(options, { open: true });
        return options.sql === true ? showSql(name, options) : showStatus(name, options);
      }),
    );
}

function lineCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new Problem(`--last is a number of lines, such as 20; not '${text}'.`);
}

function logCommand(): Command {
  return report(new Command('log').description('who asked what of a backfill and when, and which states it reached'))
    .addArgument(NAME())
    .addOption(new Option('--last <n>', 'how many lines').argParser(lineCount).default(100))
    .action(
      exitsWith(async (name: string, options: LogOptions): Promise<ExitCode> => {
        const { showLog } = await import('./backfill-control.ts');
        return showLog(name, options);
      }),
    );
}

function statesCommand(): Command {
  return new Command('states').description('the states of a backfill, and what leads to each').action(
    exitsWith(async (): Promise<ExitCode> => {
      const { describeMachine } = await import('../backfill/machine.ts');
      process.stdout.write(`${describeMachine()}\n`);
      return 0;
    }),
  );
}

function requestCommand(
  verb: 'pause' | 'resume' | 'cancel',
  desired: 'paused' | 'running' | 'cancelled',
  description: string,
): Command {
  return common(new Command(verb).description(description))
    .addArgument(NAME())
    .action(
      exitsWith(async (name: string, options: CommonOptions): Promise<ExitCode> => {
        const { request } = await import('./backfill-control.ts');
        return request(name, desired, options);
      }),
    );
}

function setCommand(): Command {
  const command = common(
    new Command('set').description('change settings of a backfill, also while it runs'),
  ).addArgument(NAME());
  return withSettings(command, '').action(
    exitsWith(async (name: string, options: CommonOptions & SettingOptions): Promise<ExitCode> => {
      const { set } = await import('./backfill-control.ts');
      return set(name, options);
    }),
  );
}

function verifyCommand(): Command {
  return report(new Command('verify').description('count the rows that a backfill would still change; it only reads'))
    .addArgument(NAME())
    .action(
      exitsWith(async (name: string, options: ReportOptions): Promise<ExitCode> => {
        const { verify } = await import('./backfill-control.ts');
        return verify(name, options);
      }),
    );
}

function common(command: Command): Command {
  return command.addOption(databaseUrl()).addOption(config()).addOption(noCode()).addOption(env()).addOption(schema());
}

function report(command: Command): Command {
  return common(command).addOption(
    new Option('--format <format>', 'how to report').choices(['pretty', 'json']).default('pretty'),
  );
}

function withSettings(command: Command, note: string): Command {
  for (const [name, { value, description, repeatable }] of Object.entries(SETTING_FLAGS)) {
    const flags = `--${name} <${value}>`;
    command.addOption(
      repeatable === true
        ? several(flags, `${description} (repeatable)${note}`)
        : new Option(flags, `${description}${note}`),
    );
  }
  return command;
}

function several(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text: string, before: readonly string[] | undefined) => [
    ...(before ?? []),
    text,
  ]);
}

const MOST_WORKERS = 64;

function workerCount(text: string): number {
  const workers = /^\d+$/.test(text) ? Number(text) : 0;
  if (workers >= 1 && workers <= MOST_WORKERS) return workers;
  throw new InvalidArgumentError(`a whole number from 1 to ${MOST_WORKERS}`);
}
