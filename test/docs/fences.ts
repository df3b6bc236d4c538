/** A command of a page. */
export interface Command {
  readonly line: number;
  readonly text: string;
  readonly exitCode: number;
  /** What the page shows of its output, line by line; none where it shows nothing. */
  readonly shown: readonly string[];
}

/** The commands of a page that are run, and those that it says are not. */
export interface Commands {
  readonly run: readonly Command[];
  readonly notRun: readonly string[];
}

const NOT_RUN = /^(?:#|<!--) not run by the tests: \S/;
const EXIT = /\s# exit (\d)(?=[:,. ]|$)/;

/**
 * Collects the commands of the blocks marked `sh` and `console`: in the former every line that is no comment, in the latter those after `$ `.
 * Below such a command stands what it prints. What follows the line `# not run by the tests: REASON` in a block is not run, nor is the block after `<!-- not run by the tests: REASON -->`;
 * `# exit 1` after a command says that it ends so.
 */
export function commandsOf(page: string): Commands {
  const run: Command[] = [];
  const notRun: string[] = [];
  let block: 'sh' | 'console' | 'other' | null = null;
  let isRun = true;
  let shown: string[] = [];
  for (const [at, line] of page.split('\n').entries()) {
    const fence = /^(?:```|~~~)\s*(\S*)/.exec(line);
    if (fence !== null) {
      const name = fence[1] === 'bash' || fence[1] === 'shell' ? 'sh' : fence[1];
      // A mark above a block is for that block alone.
      if (block !== null) isRun = true;
      block = block !== null ? null : name === 'sh' || name === 'console' ? name : 'other';
      continue;
    }
    if (NOT_RUN.test(line)) isRun = false;
    if (block === 'console' && isRun && !line.startsWith('$ ')) shown.push(line);
    const text = block === 'sh' ? line : block === 'console' && line.startsWith('$ ') ? line.slice(2) : '';
    if (text.trim() === '' || text.startsWith('#')) continue;
    shown = [];
    if (isRun) run.push({ line: at + 1, text, exitCode: Number(EXIT.exec(text)?.[1] ?? 0), shown });
    else notRun.push(text);
  }
  return { run, notRun };
}
