import type { Preview } from '../backfill/preview.ts';
import { printable } from '../report/printable.ts';
import { counted } from '../terminal/backfill-progress.ts';
import type { RunOptions } from './backfill-options.ts';
import type { ExitCode } from './exit.ts';

/** `tiptoe backfill run --dry-run`; what would keep it from running is thrown at the end. */
export function showPreview(preview: Preview, { format }: RunOptions): ExitCode {
  const { problem } = preview;
  if (format === 'pretty') for (const line of lines(preview)) process.stdout.write(`${printable(line)}\n`);
  else {
    const refused = problem === null ? null : problem.message;
    process.stdout.write(`${JSON.stringify({ version: 1, dryRun: true, ...preview, problem: refused })}\n`);
  }
  if (problem !== null) throw problem;
  return 0;
}

function lines(preview: Preview): string[] {
  const { name, table, key, settings, rowsTotal, rowsTotalExact, batch, warnings } = preview;
  const total = `${rowsTotalExact ? '' : 'about '}${counted(rowsTotal, 'key')}`;
  return [
    `-- ${name}: ${table} by (${key.join(', ')}), ${total}; ${settings.join(', ')}`,
    ...sqlLines(preview),
    ...(batch === null ? [] : ['', ...batch.plan.map((line) => `-- ${line}`), '']),
    ...warnings.map((warning) => `-- Note: ${warning}.`),
    '-- Nothing was written.',
  ];
}

/** The statement of one batch, as SQL that can be read and pasted. */
export function sqlLines({ batch, name, table }: Preview): string[] {
  if (batch === null) return [`-- ${table} has no row, and ${name} nothing to do.`];
  const values = batch.parameters.map((value, index) => `$${index + 1} = '${value}'`).join(', ');
  return [`-- A batch of ${counted(batch.keys, 'key')}, with ${values}:`, `${batch.sql};`];
}

/** The same for programs. */
export function sqlOf({ batch }: Preview): { sql: string | null; parameters: readonly string[] } {
  return { sql: batch?.sql ?? null, parameters: batch?.parameters ?? [] };
}
