import type { AnalyseOptions, Finding, LintedFile } from '../lint/engine.ts';
import type { LintReport } from '../report/lint-report.ts';
import { plainStyle } from '../report/style.ts';
import type { LintOptions } from './lint.ts';
import { loadAnalysis } from './load-analysis.ts';
import { type Output, readFormats, render, writeFiles } from './lint-formats.ts';
import { repositoryPath } from './repository-path.ts';
import { tell } from './tell.ts';
import { version as toolVersion } from './version.ts';
import { Problem } from '../problem.ts';

/** Columns of a source line where there is no terminal. */
const WIDTH = 120;

interface Global {
  readonly color: boolean;
  readonly verbose?: boolean;
}

/** `tiptoe lint`, from what was asked to the exit code. */
export async function runLint(paths: readonly string[], given: LintOptions, global: Global): Promise<0 | 1> {
  const outputs = await readFormats(given.format ?? ['pretty']);
  if (given.since !== undefined && given.writeBaseline !== undefined) {
    throw new Problem('--write-baseline accepts what is found in all files, and --since looks at some of them.', {
      advice: 'Leave out --since.',
    });
  }
  const changes =
    given.since === undefined ? null : (await import('./since.ts')).readChanges(given.since, process.cwd());
  const { lintFiles } = await loadAnalysis(paths);
  const { files: found, options, told, origin } = await lintFiles(paths, given, changes);
  const isForPerson = outputs.some(({ format, file }) => format === 'pretty' && file === null);
  // What is not read is said to whoever reads the log, too.
  if (!given.quiet) tell(isForPerson ? told : { ...told, tool: null });
  const { files, baseline } = await withBaseline(found, given, options);
  const fails = ({ severity }: Finding): boolean =>
    given.failOn !== 'never' && (severity === 'error' || given.failOn === 'warning');
  const findings = files.flatMap((file) => file.findings);
  const report = {
    files,
    rules: options.rules,
    version: options.version,
    toolVersion,
    fails,
    repositoryPath: repositoryPath(),
    scope: {
      ...(given.since === undefined ? {} : { since: given.since }),
      ...(baseline === null ? {} : { baseline }),
      ...(origin === null ? {} : { facts: origin }),
    },
  };
  const isQuiet = given.quiet && findings.length === 0;
  for (const output of outputs) if (output.file === null) await print(output, report, global, isQuiet);
  const problem = await writeFiles(outputs, (format, room) =>
    render(format, { ...report, style: plainStyle, width: WIDTH }, room),
  );
  if (problem !== null) throw problem;
  return findings.some(fails) ? 1 : 0;
}

type Unstyled = Omit<LintReport, 'style' | 'width' | 'room'>;

async function print(
  { format }: Output,
  report: Unstyled,
  { color, verbose }: Global,
  isQuiet: boolean,
): Promise<void> {
  if (format !== 'pretty') {
    process.stdout.write(await render(format, { ...report, style: plainStyle, width: WIDTH }));
    return;
  }
  if (isQuiet) return;
  const [{ suppressedPretty }, { styleFor }, { wrap }] = await Promise.all([
    import('../report/lint-pretty.ts'),
    import('../terminal/style.ts'),
    import('../terminal/wrap.ts'),
  ]);
  const style = styleFor(process.stdout, { color });
  if (verbose === true) process.stdout.write(suppressedPretty(report.files, style));
  // Where it is no terminal, a line stays a line.
  const columns = process.stdout.columns;
  const text = await render(format, { ...report, style, width: columns > 0 ? columns : WIDTH });
  process.stdout.write(columns > 0 ? wrap(text, columns) : text);
}

/** The files without what the baseline accepts, and what is to be said of it. */
async function withBaseline(
  files: LintedFile[],
  { baseline: given, writeBaseline: target }: LintOptions,
  options: AnalyseOptions,
): Promise<{ files: LintedFile[]; baseline: NonNullable<LintReport['scope']['baseline']> | null }> {
  const { applyBaseline, readBaseline, staleWarning, writeBaseline } = await import('./lint-baseline.ts');
  const baseline = target === undefined ? readBaseline(given) : writeBaseline(target, files);
  if (baseline === null) return { files, baseline: null };
  const { files: left, accepted, stale } = applyBaseline(baseline, files, options);
  if (target !== undefined) process.stderr.write(`tiptoe: wrote ${baseline.shown}: ${accepted} accepted. Commit it.\n`);
  if (stale.length > 0) process.stderr.write(`tiptoe: ${staleWarning(stale, baseline)}\n`);
  return { files: left, baseline: { accepted, stale: stale.map(({ rule, path }) => ({ rule, path })) } };
}
