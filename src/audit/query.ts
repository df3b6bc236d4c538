import { type AuditContext, type Check, DEFAULT_AUDIT_SETTINGS } from './check.ts';

/** A primary that tiptoe has run on, by the settings that hold without others. */
const USUAL: AuditContext = {
  version: 18,
  database: 'app',
  user: 'app',
  isStandby: false,
  standbys: 0,
  countingSince: '2026-01-01T00:00:00Z',
  countingSeconds: 30 * 86_400,
  defaults: {},
  schema: 'tiptoe',
  ledger: 'readable',
  settings: DEFAULT_AUDIT_SETTINGS,
  budgets: { made: [], named: { 'public.events': 40 } },
};

/** What a check asks the newest server, as it would be written by hand; null for one that asks nothing of its own. */
export function usualQuery(check: Check): string | null {
  const sql = check.sql(USUAL);
  if (typeof sql !== 'string') return null;
  const lines = sql.replace(/^\s*\n|\s+$/g, '').split('\n');
  // What is spliced in may be indented less than the first line.
  const indent = new RegExp(`^ {0,${/^ */.exec(lines[0] ?? '')?.[0].length ?? 0}}`);
  return `${lines.map((line) => line.replace(indent, '')).join('\n')};`;
}
