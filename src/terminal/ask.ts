import { createInterface } from 'node:readline/promises';

/** Asks a yes-or-no question on the terminal; everything but yes is a no. Null at Ctrl-D and Ctrl-C. */
export async function ask(question: string): Promise<boolean | null> {
  const answer = await askLine(`${question} [y/N] `);
  return answer === null ? null : /^y(?:es)?$/i.test(answer);
}

/** What was typed ahead, and answers the questions to come. */
const ahead: string[] = [];

/** Asks for a line; null at Ctrl-D and Ctrl-C. */
export async function askLine(question: string): Promise<string | null> {
  const typed = ahead.shift();
  if (typed !== undefined) {
    process.stderr.write(`${question}${typed}\n`);
    return typed.trim();
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new AbortController();
  lines.once('close', () => closed.abort());
  lines.on('line', (line) => ahead.push(line));
  try {
    return (await lines.question(question, { signal: closed.signal })).trim();
  } catch (error) {
    if (closed.signal.aborted) return null;
    throw error;
  } finally {
    lines.close();
  }
}
