import { createInterface } from 'node:readline/promises';

/** Asks a yes-or-no question on the terminal; everything but yes is a no. */
export async function ask(question: string): Promise<boolean> {
  return /^y(?:es)?$/i.test(await askLine(`${question} [y/N] `));
}

/** Asks for a line; Ctrl-D and Ctrl-C are an empty one. */
export async function askLine(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new AbortController();
  lines.once('close', () => closed.abort());
  try {
    return (await lines.question(question, { signal: closed.signal })).trim();
  } catch (error) {
    if (closed.signal.aborted) return '';
    throw error;
  } finally {
    lines.close();
  }
}
