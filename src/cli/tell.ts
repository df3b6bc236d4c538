import { printable } from '../report/printable.ts';
import { withoutCommands } from '../report/workflow-commands.ts';
import type { Told } from './analyse.ts';

/** Says on standard error how the migrations are read. */
export function tell({ tool, leftOut, callbacks, doubts }: Told): void {
  for (const line of [...doubts, tool, leftOut, callbacks])
    if (line !== null) process.stderr.write(withoutCommands(`tiptoe: ${printable(line)}\n`));
}
