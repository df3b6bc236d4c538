/**
 * For `node --import`: writes what the program loads to the file RECORD_MODULES, one URL or path a line.
 * https://nodejs.org/docs/latest-v20.x/api/module.html#customization-hooks
 */
import { appendFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  register(import.meta.url);
  const { cache } = createRequire(import.meta.url);
  process.on('exit', () => Object.keys(cache).forEach(record));
}

function record(module) {
  appendFileSync(process.env.RECORD_MODULES, `${module}\n`);
}

/** Node calls it for each ES module, in a thread of its own. */
export function load(url, context, nextLoad) {
  record(url);
  return nextLoad(url, context);
}
