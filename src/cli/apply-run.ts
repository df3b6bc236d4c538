import type { Command } from 'commander';
import type { Settings as BackfillSettings } from '../backfill/settings.ts';
import { describe, resolveConnection } from '../db/connection.ts';
import { apply } from '../migrate/apply.ts';
import { detectDir, discoverFolder, type MigrationFile } from '../migrate/discovery.ts';
import type { OutOfOrderPolicy } from '../migrate/preflight.ts';
import type { ApplyEvent, ApplyResult } from '../migrate/result.ts';
import { Problem } from '../problem.ts';
import type { TimeWindow } from '../time-window.ts';
import { liveLine, type LiveLine } from '../terminal/live-line.ts';
import { styleFor } from '../terminal/style.ts';
import { applyHooks, type HookSettings } from './apply-hooks.ts';
import { limitsOf } from './apply-limits.ts';
import { describeEnd, describeFile, describeStop, tell } from './apply-text.ts';
import { backfillGate } from './backfill-gate.ts';
import type { Config } from './config.ts';
import { configure } from './configure.ts';
import type { ExitCode } from './exit.ts';
import { lintGate } from './lint-gate.ts';
import type { LintGate } from '../migrate/lint-gate.ts';
import type { Interruption } from './interruption.ts';
import { refusal } from './refusal.ts';
import { runner } from './runner.ts';

interface ApplyCommandOptions extends HookSettings {
  readonly databaseUrl?: string;
  readonly dir?: string;
  readonly code: boolean;
  readonly schema: string;
  readonly var: Readonly<Record<string, string>>;
  readonly maxStall: number;
  readonly lockTimeout?: number;
  readonly giveUpAfter: number;
  readonly cap: number;
  readonly maxCap: number;
  readonly waitForSnapshots: number;
  readonly waitForRunner: number;
  readonly to?: string;
  readonly outOfOrder: OutOfOrderPolicy;
  readonly window?: readonly TimeWindow[];
  readonly waitForWindow?: boolean;
  readonly waitForReplicas?: number;
  readonly runBackfills?: true;
  readonly format: 'pretty' | 'json' | 'ndjson';
  readonly quiet?: true;
  readonly allow: readonly string[];
  /** A flag of the program. */
  readonly color: boolean;
}

/** With what the config says. */
interface Settled extends ApplyCommandOptions {
  readonly gate: LintGate;
  /** For backfills. */
  readonly configured: Partial<BackfillSettings>;
}

/** `tiptoe apply` */
export async function runApply(command: Command, interrupted: Interruption): Promise<ExitCode> {
  const options = command.optsWithGlobals<Pick<ApplyCommandOptions, 'format' | 'quiet'>>();
  const line = options.quiet === true ? null : liveLine(process.stderr);
  try {
    return options.format === 'pretty'
      ? await runForPeople(command, interrupted, line)
      : await runForPrograms(command, options.format === 'ndjson', interrupted, line);
  } finally {
    line?.clear();
  }
}

async function runForPeople(command: Command, interrupted: Interruption, line: LiveLine | null): Promise<ExitCode> {
  const options = await settle(command);
  const files = await findFiles(options);
  const result = await run(options, files, interrupted, line, (event) => {
    if (event.event === 'file-done') {
      line?.clear();
      print(describeFile(event, styleFor(process.stdout, options)));
    } else {
      tell(line, event);
    }
  });
  line?.clear();
  if (result.outcome === 'done') print(describeEnd(result, files.length));
  else process.stderr.write(`${describeStop(result, styleFor(process.stderr, options)).join('\n')}\n`);
  return result.exitCode;
}

async function runForPrograms(
  command: Command,
  events: boolean,
  interrupted: Interruption,
  line: LiveLine | null,
): Promise<ExitCode> {
  const printEvent = (event: object) => print(JSON.stringify({ at: new Date().toISOString(), ...event }));
  const { from: runFrom, toolVersion } = runner();
  const printResult = (result: Omit<ApplyResult, 'exitCode' | 'outcome'> & { outcome: string }) => {
    const named = { ...result, runFrom, toolVersion };
    if (events) printEvent({ event: 'result', ...named });
    else print(JSON.stringify({ version: 1, ...named }));
  };
  interrupted.beforeLeaving(() => printResult(LEFT));
  try {
    const options = await settle(command);
    const { exitCode, ...result } = await run(options, await findFiles(options), interrupted, line, (event) => {
      if (events) printEvent(event);
      tell(line, event);
    });
    printResult(result);
    return exitCode;
  } catch (error) {
    if (error instanceof Problem)
      printResult({ ...refusal(error), files: [], failure: null, blockers: [], findings: [] });
    throw error;
  }
}

/** How a run ends that a second signal ends at once: nobody waits for the server any more. */
const LEFT: Omit<ApplyResult, 'exitCode'> = {
  outcome: 'gave-up',
  reason: 'interrupted',
  message: 'Left at once, at a second signal.',
  advice: 'Run again: it looks what became of the work, and continues.',
  files: [],
  failure: null,
  blockers: [],
  findings: [],
};

async function settle(command: Command): Promise<Settled> {
  const config = await configure(command, ({ dir, apply }) => ({ dir, ...apply }));
  const options = command.optsWithGlobals<ApplyCommandOptions>();
  if (!options.code) refuseHooks(command, config);
  return { ...options, configured: config.backfill, gate: lintGate(config, options.allow) };
}

/** What the config has run by the shell is code of the repository; what a flag names is not. */
function refuseHooks(command: Command, { file, apply }: Config): void {
  const named = (['before', 'after'] as const).filter(
    (hook) => command.getOptionValueSource(hook) === 'config' && apply[hook] !== undefined,
  );
  if (named.length === 0) return;
  const settings = named.map((hook) => `apply.${hook}`).join(' and ');
  throw new Problem(`${file?.shown} has commands for the shell (${settings}), and --no-code refuses to run them.`, {
    advice: `Give them as ${named.map((hook) => `--${hook}`).join(' and ')}, or leave out --no-code where the config is trusted.`,
  });
}

async function findFiles({ dir }: ApplyCommandOptions): Promise<MigrationFile[]> {
  const cwd = process.cwd();
  return discoverFolder(dir ?? (await detectDir(cwd)), cwd);
}

async function run(
  options: Settled,
  files: readonly MigrationFile[],
  { signal }: Interruption,
  line: LiveLine | null,
  onEvent: (event: ApplyEvent) => void,
): Promise<ApplyResult> {
  const connection = resolveConnection({ databaseUrl: options.databaseUrl, env: process.env });
  const { schema, var: variables, to, outOfOrder } = options;
  const who = runner();
  const hooks = applyHooks(options, describe(connection), signal);
  const ending = async (ended: Parameters<typeof hooks.after>[0]) => {
    line?.clear();
    const trouble = await hooks.after(ended);
    if (trouble !== null) onEvent({ event: 'warning', path: null, message: trouble });
  };
  const running = apply({
    connection,
    files,
    schema,
    variables,
    limits: { ...limitsOf(options), waitForSnapshotsMs: options.waitForSnapshots },
    maxCapMs: options.maxCap,
    waitForRunnerMs: options.waitForRunner,
    ...(to === undefined ? {} : { to }),
    outOfOrder,
    schedule: { windows: options.window ?? [], wait: options.waitForWindow === true },
    ...(options.waitForReplicas === undefined ? {} : { maxLagMs: options.waitForReplicas }),
    before(pending) {
      line?.clear();
      return hooks.before(pending);
    },
    runner: who,
    signal,
    onEvent,
    gate: options.gate,
    backfills: backfillGate({
      connection,
      schema,
      variables,
      runner: who,
      run: options.runBackfills === true,
      configured: options.configured,
      onEvent,
    }),
  });
  const result = await running.catch(async (error: unknown) => {
    await ending(BROKEN);
    throw error;
  });
  await ending(result);
  return result;
}

/** What a hook is told of a run that ends in an error. */
const BROKEN = { outcome: 'failed', reason: 'problem', message: null, exitCode: 2, files: [] } as const;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
