import ora from 'ora';
import { fit } from './fit.ts';

/** One line that tells what is going on, and lines above it that stay. */
export interface LiveLine {
  /**
   * Shows a state. Where there is no terminal it becomes a line of its own, when the matter has changed since the last one or some time
   * has passed.
   */
  show(matter: string, text: string): void;
  /** A line that stays. */
  note(text: string): void;
  /** Takes the live line away. */
  clear(): void;
}

/** Between two lines on the same matter where there is no terminal, unless said otherwise. */
const INTERVAL_MS = 30_000;

/** A live line in a terminal; plain lines, without control characters, where the stream goes to a file or a pipe. */
export function liveLine(stream: NodeJS.WriteStream, everyMs = INTERVAL_MS): LiveLine {
  return isLive(stream) ? spinning(stream) : plain(stream, everyMs);
}

/** Whether what is shown can be written over. */
export function isLive(stream: NodeJS.WriteStream): boolean {
  // A terminal may not know its width (0); ora would then clear infinitely many lines.
  return stream.isTTY && stream.columns > 0 && process.env.TERM !== 'dumb' && process.env.CI === undefined;
}

/** The spinner and the space after it; the last column stays free, since some terminals wrap there. */
const BESIDE_TEXT = 3;

function spinning(stream: NodeJS.WriteStream): LiveLine {
  // Raw input would swallow Ctrl-C.
  const spinner = ora({ stream, discardStdin: false });
  return {
    show(_, text) {
      spinner.text = fit(text, stream.columns - BESIDE_TEXT);
      if (!spinner.isSpinning) spinner.start();
    },
    note(text) {
      const { text: shown, isSpinning } = spinner;
      spinner.stop();
      stream.write(`${text}\n`);
      if (isSpinning) spinner.start(shown);
    },
    clear() {
      spinner.stop();
    },
  };
}

function plain(stream: NodeJS.WriteStream, everyMs: number): LiveLine {
  let lastMatter: string | null = null;
  let lastAt = 0;
  return {
    show(matter, text) {
      const now = performance.now();
      if (matter === lastMatter && now < lastAt + everyMs) return;
      lastMatter = matter;
      lastAt = now;
      stream.write(`${text}\n`);
    },
    note(text) {
      stream.write(`${text}\n`);
    },
    clear() {
      lastMatter = null;
    },
  };
}
