import { Problem } from '../problem.ts';
import { detectDir, findFiles, type MigrationFile, readFiles } from '../migrate/discovery.ts';
import { loadParser } from '../sql/libpg.ts';
import type { Script } from '../sql/statement.ts';
import { parseInOrder, startParserThread } from './parse-ahead.ts';
import { decodeUtf8, notUtf8 } from '../utf8.ts';

/**
 * Reads the migrations to look at, in order; down files are left out. Without paths, those of the repository. Each is parsed when it is
 * its turn, so that only one has to be in memory.
 */
export async function readScripts(
  paths: readonly string[],
  options: { dir: string | undefined; variables: Readonly<Record<string, string>> },
): Promise<{ files: MigrationFile[]; scripts: Iterable<Script>; from: readonly string[] }> {
  const cwd = process.cwd();
  const given = paths.length > 0 ? paths : [options.dir ?? (await detectDir(cwd))];
  const found = findFiles(given, cwd);
  const thread = startParserThread(found.length);
  const files = readFiles(found, given.includes('-') ? await readStandardInput() : undefined);
  await loadParser();
  const upwards = files.filter(({ kind }) => kind !== 'down');
  return { files: upwards, scripts: parseInOrder(upwards, options.variables, thread), from: given };
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const decoded = decodeUtf8(Buffer.concat(chunks));
  if (decoded.ok) return decoded.text;
  throw new Problem(`standard input ${notUtf8(decoded)}.`, {
    advice: 'Pipe the SQL of a migration into tiptoe lint -.',
  });
}
