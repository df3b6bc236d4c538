import { CommanderError } from 'commander';
import { Problem } from '../problem.ts';
import { printable } from '../report/printable.ts';
import { withoutCommands } from '../report/workflow-commands.ts';
import { maskSecrets } from '../postgres/secrets.ts';

/** 0 fine, 1 findings or failed, 2 wrong usage or environment, 3 stopped safely: running again continues. */
export type ExitCode = 0 | 1 | 2 | 3;

let exitCode: ExitCode = 0;

/** Wraps a command's action so that its result becomes the exit code of the process. */
export function exitsWith<Args extends unknown[]>(
  action: (...args: Args) => Promise<ExitCode>,
): (...args: Args) => Promise<void> {
  return async (...args) => {
    exitCode = await action(...args);
  };
}

/**
 * Runs the program; a {@link Problem} becomes one or two lines on standard error, with its cause when the user wants more, anything else a
 * bug report.
 */
export async function settle(run: () => Promise<unknown>, isVerbose: () => boolean): Promise<number> {
  exitCode = 0;
  try {
    await run();
    return exitCode;
  } catch (error) {
    // Commander has written its own message already; --help and --version come as errors with exit code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`${withoutCommands(maskSecrets(explain(error, isVerbose())))}\n`);
    return error instanceof Problem ? error.exitCode : 2;
  }
}

function explain(error: unknown, verbose: boolean): string {
  if (error instanceof Problem) {
    const lines = [`tiptoe: ${printable(error.message)}`, ...error.details.map((detail) => `  ${printable(detail)}`)];
    if (error.advice !== undefined) lines.push(`  ${printable(error.advice)}`);
    if (verbose && error.cause !== undefined)
      lines.push(`  Cause: ${printable(trace(error.cause), { newlines: true })}`);
    return lines.join('\n');
  }
  return `tiptoe: something went wrong that should not have; please report it with these lines:\n${printable(trace(error), { newlines: true })}`;
}

function trace(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
