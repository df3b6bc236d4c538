import { rules } from '../rules/index.ts';
import { locksMarkdown } from '../src/report/locks-markdown.ts';
import { ruleMarkdown, rulesIndex } from '../src/report/rules-markdown.ts';
import { loadParser } from '../src/sql/libpg.ts';

/** The pages that are generated, by their paths from the root. */
export async function pages(): Promise<ReadonlyMap<string, string>> {
  await loadParser();
  return new Map([
    ['rules/README.md', rulesIndex(rules, '../docs/rules/')],
    ...rules.map((rule) => [`docs/rules/${rule.name}.md`, ruleMarkdown(rule)] as const),
    ['docs/locks.md', locksMarkdown(18)],
  ]);
}
