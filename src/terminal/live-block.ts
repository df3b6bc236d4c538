import { clearScreenDown, moveCursor } from 'node:readline';
import { fit } from './fit.ts';

interface Screen extends NodeJS.WritableStream {
  readonly columns: number;
  readonly rows: number;
}

/** Shows some lines in a terminal in place of those that it showed before. */
export function liveBlock(stream: Screen): (lines: readonly string[]) => void {
  let shown = 0;
  return (lines) => {
    // What scrolled out of the terminal cannot be written over.
    const fitting = lines.slice(0, Math.max(1, stream.rows - 1));
    moveCursor(stream, 0, -shown);
    clearScreenDown(stream);
    for (const line of fitting) stream.write(`${fit(line, stream.columns - 1)}\n`);
    shown = fitting.length;
  };
}
