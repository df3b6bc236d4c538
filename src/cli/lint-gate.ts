import { rules } from '../../rules/index.ts';
import type { Rule } from '../lint/kit.ts';
import { lint } from '../lint/engine.ts';
import type { LintGate } from '../migrate/lint-gate.ts';
import { Problem } from '../problem.ts';
import { analyseOptions } from './analyse-options.ts';
import type { Config } from './config.ts';
import { findRule } from './find-rule.ts';

/** What `apply` asks the linter, answered by the rules as the config has them. */
export function lintGate(config: Config, allow: readonly string[]): LintGate {
  return {
    minRows: config.gateMinRows,
    allowed: readAllowed(allow, [...rules, ...config.ownRules]),
    lint: (scripts, catalog, version) => lint(scripts, catalog, analyseOptions(config, version)),
  };
}

/** Reads `RULE: reason`, once or more. */
function readAllowed(given: readonly string[], rules: readonly Rule[]): ReadonlyMap<string, string> {
  const allowed = new Map<string, string>();
  for (const text of given) {
    const [, name = '', reason = ''] = /^\s*([^:\s]*)\s*(?::\s*([\s\S]*?)\s*)?$/.exec(text) ?? [];
    if (name === '') throw new Problem(`--allow takes RULE: reason, not '${text}'.`, { advice: EXAMPLE });
    findRule(rules, name);
    if (reason === '') throw new Problem(`--allow ${name} has no reason.`, { advice: EXAMPLE });
    if (allowed.has(name))
      throw new Problem(`--allow ${name} is given twice.`, { advice: 'Say all that there is to say in one reason.' });
    allowed.set(name, reason);
  }
  return allowed;
}

const EXAMPLE = "For example: --allow 'create-index-blocking: nobody writes to it at night'. The ledger keeps it.";
