import { rules } from '../../rules/index.ts';
import type { AnalyseOptions } from '../lint/engine.ts';
import type { Facts } from '../lint/facts.ts';
import type { Config } from './config.ts';

/** What the linter goes by. */
export function analyseOptions(
  { ownRules, severities, options = {}, overrides, settings, live }: Config,
  version: number,
  facts?: Facts,
): AnalyseOptions {
  return {
    rules: [...rules, ...ownRules],
    severities,
    options,
    overrides,
    settings,
    version,
    live,
    ...(facts && { facts }),
  };
}
