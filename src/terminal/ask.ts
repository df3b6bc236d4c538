import { createInterface } from 'node:readline/promises';

/** Asks a yes-or-no question on the terminal; everything but yes is a no. */
export async function ask(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new AbortController();
  lines.once('close', () => closed.abort());
  try {
    return /^y(?:es)?$/i.test((await lines.question(`${question} [y/N] `, { signal: closed.signal })).trim());
  } catch (error) {
    // Ctrl-D and Ctrl-C are a no.
    if (closed.signal.aborted) return false;
    throw error;
  } finally {
    lines.close();
  }
}
