import { existsSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import type { Rule } from '../lint/kit.ts';
import { readOwnRule } from '../lint/own-rule.ts';
import { Problem } from '../problem.ts';
import type { ConfigProblem } from './check-config.ts';
import type { ConfigFile } from './config-file.ts';

/** The rules of its own that a config names, a file each, from its folder; and what is wrong with them. */
export async function ownRules(
  config: unknown,
  { path, shown }: ConfigFile,
  builtIn: readonly Rule[],
  { code }: { readonly code: boolean },
): Promise<{ readonly rules: readonly Rule[]; readonly problems: readonly ConfigProblem[] }> {
  const named = filesIn(config);
  if (named.length === 0) return { rules: [], problems: [] };
  if (!code) {
    const files = named.map(({ file }) => file).join(', ');
    throw new Problem(`${shown} has rules of its own (${files}), and --no-code refuses to run them.`, {
      advice: 'Leave out --no-code where the code is trusted, or name another config with --config.',
    });
  }
  const { loadCode } = await import('./load-code.ts');
  const rules: Rule[] = [];
  const problems: ConfigProblem[] = [];
  for (const { file, index } of named) {
    const there = resolve(dirname(path), file);
    const origin = relative(process.cwd(), there).split(sep).join('/');
    const taken = new Set([...builtIn, ...rules].map(({ name }) => name));
    const found = existsSync(there)
      ? await loadCode({ path: there, shown: origin }).then((given) => readOwnRule(given, origin, taken), asProblems)
      : [`there is no file ${origin}`];
    if (Array.isArray(found))
      problems.push(...found.map((message) => ({ path: ['rules', index], message: `${file}: ${message}` })));
    else rules.push(found);
  }
  return { rules, problems };
}

function asProblems(error: unknown): string[] {
  if (error instanceof Problem) return [error.message.replace(/\.$/, '')];
  throw error;
}

/** Whatever else may be wrong with the config. */
function filesIn(config: unknown): { readonly file: string; readonly index: number }[] {
  if (typeof config !== 'object' || config === null || !('rules' in config) || !Array.isArray(config.rules)) return [];
  return (config.rules as unknown[]).flatMap((entry, index) =>
    typeof entry === 'string' ? [{ file: entry, index }] : [],
  );
}
