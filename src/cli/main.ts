import { Command } from 'commander';
import { applyCommand } from './apply.ts';
import { auditCommand } from './audit.ts';
import { backfillCommand } from './backfill.ts';
import { baselineCommand } from './baseline.ts';
import { demoCommand } from './demo.ts';
import { settle } from './exit.ts';
import { explainCommand } from './explain.ts';
import { initCommand } from './init.ts';
import { lintCommand } from './lint.ts';
import { newCommand } from './new.ts';
import { planCommand } from './plan.ts';
import { repairCommand } from './repair.ts';
import { rulesCommand } from './rules.ts';
import { snapshotCommand } from './snapshot.ts';
import { statusCommand } from './status.ts';
import { version } from './version.ts';

/** Runs the command line and answers the exit code of the process. Commands load what they need when they run: `lint` must start fast. */
export async function main(argv: readonly string[]): Promise<number> {
  // A reader that stops reading, such as `head`, is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    process.stderr.write(`tiptoe: cannot write to standard output: ${error.message}\n`);
    process.exit(2);
  });
  const program = createProgram();
  return settle(
    () => program.parseAsync([...argv]),
    () => program.opts<{ verbose?: boolean }>().verbose === true,
  );
}

function createProgram(): Command {
  const program = new Command('tiptoe')
    .description('PostgreSQL schema changes that tiptoe past production traffic.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .option('--no-color', 'never use colours (also: the NO_COLOR variable)')
    .option('--verbose', 'say more: what was suppressed and why, the cause of an error')
    .addHelpText('after', EPILOGUE);
  program.commandsGroup('Before you merge:');
  program
    .addCommand(lintCommand())
    .addCommand(explainCommand())
    .addCommand(rulesCommand())
    .addCommand(newCommand())
    .addCommand(initCommand());
  program.commandsGroup('On a server:');
  program
    .addCommand(planCommand())
    .addCommand(applyCommand())
    .addCommand(statusCommand())
    .addCommand(snapshotCommand())
    .addCommand(baselineCommand())
    .addCommand(repairCommand())
    .addCommand(backfillCommand())
    .addCommand(auditCommand());
  program.commandsGroup('To see it work:');
  program.addCommand(demoCommand());
  for (const command of [program, ...descendants(program)]) configure(command);
  return program;
}

function configure(command: Command): void {
  command.showHelpAfterError(
    `Run ${fullName(command)} --help for ${command.parent === null ? 'the commands' : 'its options'}.`,
  );
  command.exitOverride().configureHelp({ showGlobalOptions: true, helpWidth: process.stdout.columns ?? 100 });
  command.configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'tiptoe: ')) });
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

function descendants(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...descendants(child)]);
}

const EPILOGUE = `
Examples:
  tiptoe lint                          check the migrations of this repository
  tiptoe explain migrations/007_x.sql  what each statement locks, and whom that blocks
  tiptoe apply                         run what is pending, without making traffic wait
  tiptoe backfill run users_email      change many rows in small, paced batches

Exit codes: 0 fine; 1 findings or a failure; 2 wrong usage, input or connection; 3 stopped safely, running again continues.`;
