import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pages } from './pages.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

// A rule that is gone takes its page with it.
await rm(join(ROOT, 'docs/rules'), { recursive: true, force: true });
for (const [path, text] of await pages()) {
  await mkdir(dirname(join(ROOT, path)), { recursive: true });
  await writeFile(join(ROOT, path), text);
}
