import { appendFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Problem } from '../problem.ts';
import { type FormatName, FORMATS, isFormatName } from '../report/formats.ts';
import type { LintReport, Room } from '../report/lint-report.ts';

/** A format, and the file that it is written to; standard output without one. */
export interface Output {
  readonly format: FormatName;
  readonly file: string | null;
}

/** Reads what `--format` says, once or more: `sarif`, or `sarif=out.sarif`. */
export async function readFormats(given: readonly string[]): Promise<Output[]> {
  const outputs: Output[] = [];
  for (const text of given) {
    const output = await readFormat(text);
    const other = outputs.find((one) => isSamePlace(one, output));
    if (other !== undefined) {
      throw new Problem(
        `${other.format} and ${output.format} would both be written to ${output.file ?? 'standard output'}.`,
        {
          advice: `Give a file of its own to each but one: --format ${output.format}=report.${output.format}`,
        },
      );
    }
    outputs.push(output);
  }
  return outputs;
}

async function readFormat(text: string): Promise<Output> {
  const [, name = '', file] = /^([^=]*)(?:=([\s\S]*))?$/.exec(text) ?? [];
  if (!isFormatName(name)) {
    const { closest } = await import('../closest.ts');
    const guess = closest(name, Object.keys(FORMATS));
    throw new Problem(`there is no format '${name}'${guess === null ? '' : `, did you mean '${guess}'?`}`, {
      advice: `--format takes ${Object.keys(FORMATS).join(', ')}; and a file, as in sarif=out.sarif.`,
    });
  }
  if (file === '')
    throw new Problem(`--format ${name}= names no file.`, { advice: `For example: --format ${name}=report.${name}` });
  if (file !== undefined && /\.sql$/i.test(file))
    throw new Problem(`--format ${name}= takes the file to write, and ${file} is SQL.`, {
      advice: `For example: --format ${name}=report.${name}`,
    });
  return { format: name, file: file ?? null };
}

const TEXTS: ReadonlySet<FormatName> = new Set(['pretty', 'compact']);

/** Workflow commands may stand on standard output beside text for people: the runner takes them out. */
function isSamePlace(one: Output, other: Output): boolean {
  if (one.file !== null || other.file !== null)
    return one.file !== null && other.file !== null && resolve(one.file) === resolve(other.file);
  const isBeside = ({ format }: Output, text: Output): boolean => format === 'github' && TEXTS.has(text.format);
  return !isBeside(one, other) && !isBeside(other, one);
}

/** What a comment on GitHub may have. */
export const COMMENT: Room = { unit: 'characters', size: 65_536 };
/** What the job summary of a step may have. */
const SUMMARY_BYTES = 1024 * 1024;

/**
 * Writes a report to each of the files. One that cannot be written does not keep the others from it; all that could not be are told in one
 * Problem at the end.
 */
export async function writeFiles(
  outputs: readonly Output[],
  render: (format: FormatName, room: Room) => Promise<string>,
): Promise<Problem | null> {
  const failures: { readonly file: string; readonly code: string; readonly error: Error }[] = [];
  for (const { format, file } of outputs) {
    if (file === null) continue;
    const summary = process.env.GITHUB_STEP_SUMMARY;
    const isSummary = format === 'markdown' && summary !== undefined && resolve(summary) === resolve(file);
    const text = await render(format, isSummary ? summaryRoom(file) : COMMENT);
    try {
      // What the step has summed up before is kept.
      if (isSummary) appendFileSync(file, text);
      else writeFileSync(file, text);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) throw error;
      failures.push({ file, code: error.code, error });
    }
  }
  const [first] = failures;
  if (first === undefined) return null;
  const told = failures.map(({ file, code }) => `${file}: ${inWords(file, code)}`);
  return new Problem(`cannot write ${told.join('; ')}.`, {
    advice: 'Give --format a file in a folder that is there and may be written to. All else has been reported.',
    cause: first.error,
  });
}

/** A report of `lint`; without `room`, for standard output. */
export async function render(
  format: FormatName,
  report: Omit<LintReport, 'room'>,
  room: Room = COMMENT,
): Promise<string> {
  const render = await FORMATS[format].load();
  return render({ ...report, room });
}

function summaryRoom(file: string): Room {
  const there = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return { unit: 'bytes', size: Math.max(0, SUMMARY_BYTES - there) };
}

function inWords(file: string, code: string): string {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `there is no folder ${dirname(file)}`;
    case 'EISDIR':
      return 'it is a folder';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENOSPC':
      return 'the disk is full';
    default:
      return code;
  }
}
