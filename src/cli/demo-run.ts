import { stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { runDemo } from '../demo/run.ts';
import type { DemoReport } from '../demo/report.ts';
import { Problem } from '../problem.ts';
import { styleFor } from '../terminal/style.ts';
import { backfillGate } from './backfill-gate.ts';
import { startNarration } from './demo-narration.ts';
import { describeResult } from './demo-text.ts';
import type { ExitCode } from './exit.ts';
import { interruption } from './interruption.ts';
import { runner } from './runner.ts';

export interface DemoCommandOptions {
  readonly json?: string;
  readonly color: boolean;
}

/** `tiptoe demo` */
export async function runDemoCommand({ json, color }: DemoCommandOptions): Promise<ExitCode> {
  if (json !== undefined) await requirePlaceFor(json);
  const style = styleFor(process.stdout, { color });
  const narration = startNarration(style);
  const who = runner();
  const interrupted = interruption();
  interrupted.signal.addEventListener('abort', narration.interrupt);
  let report: DemoReport;
  try {
    report = await runDemo({
      runner: who,
      gate: (connection) =>
        backfillGate({
          connection,
          schema: 'tiptoe',
          variables: {},
          runner: who,
          run: false,
          onEvent: () => undefined,
        }),
      signal: interrupted.signal,
      onEvent: narration.tell,
    });
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    narration.stop();
    process.stderr.write('tiptoe: stopped; the server and its files are removed.\n');
    return 3;
  } finally {
    narration.stop();
    interrupted.release();
  }
  process.stdout.write(describeResult(report, { style, ruled: process.stdout.isTTY }));
  if (json !== undefined) await keep(json, report);
  return 0;
}

/** Finds out before the show, not after it. */
async function requirePlaceFor(file: string): Promise<void> {
  const folder = dirname(resolve(file));
  const found = await stat(folder).catch(() => null);
  if (found?.isDirectory() !== true) {
    throw new Problem(`There is no folder ${folder} for ${file}.`, { advice: 'Create it, or name another file.' });
  }
  if ((await stat(file).catch(() => null))?.isDirectory() === true) {
    throw new Problem(`${file} is a folder.`, { advice: 'Name the file that is to hold the figures.' });
  }
}

async function keep(file: string, report: DemoReport): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Problem(`The figures cannot be written: ${reason}.`, {
      advice: 'Name a file in a folder that you may write to.',
      cause: error,
    });
  }
}
