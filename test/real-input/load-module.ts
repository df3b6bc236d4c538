import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { compileFunction } from 'node:vm';

/** What a module gets for a name it requires. */
export type StandIns = (name: string) => unknown;

/** Runs a CommonJS file of a package whose dependencies are not installed: `standIns` answers for those, undefined for what is the package's own. */
export function loadModule(file: string, standIns: StandIns): Record<string, unknown> {
  const real = createRequire(file);
  const load = (name: string): unknown => {
    const standIn = standIns(name);
    if (standIn !== undefined) return standIn;
    return name.startsWith('.') && !name.endsWith('.json') ? loadModule(real.resolve(name), standIns) : real(name);
  };
  const module = { exports: {} as Record<string, unknown> };
  const parameters = ['exports', 'require', 'module', '__filename', '__dirname'];
  const body = compileFunction(readFileSync(file, 'utf8'), parameters, { filename: file }) as (
    ...values: unknown[]
  ) => void;
  body(module.exports, load, module, file, dirname(file));
  return module.exports;
}
