/** The project's own code, bundled first, because Node does not read TypeScript. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'rolldown';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What a module of `src` exports. */
export async function load(path) {
  // Inside of node_modules, where it finds its packages.
  const folder = mkdtempSync(join(root, 'node_modules', '.tiptoe-bench-'));
  try {
    const file = join(folder, 'bundle.mjs');
    const output = { file, codeSplitting: false };
    await build({ input: join(root, path), platform: 'node', external: /^[^./](?!:)/, output, logLevel: 'silent' });
    return await import(pathToFileURL(file).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
