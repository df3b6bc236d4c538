import type { StandIn } from '../sql/statement.ts';

/** The placeholders that statements were read without a value for, each once. */
export function withoutValue(standIns: readonly StandIn[] = []): string[] {
  return [...new Set(standIns.map(({ placeholder }) => placeholder.replaceAll(/\s+/g, ' ')))];
}
