import type { AuditContext, Unseen } from './check.ts';
import { quoteIdent } from '../postgres/quote.ts';

/** `1,234,567` */
export function grouped(number: number | bigint): string {
  return number.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** `1 day`, `3 days` */
export function plural(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A time that may be long: `40 s`, `12 min`, `5 h`, `17 days`. */
export function roughTime(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${grouped(Math.round(seconds / 86_400))} days`;
}

/** `a`, `a and b`, `a, b and 12 more` */
export function someOf(items: readonly string[]): string {
  const [first = '', second] = items;
  if (second === undefined) return first;
  return items.length === 2 ? `${first} and ${second}` : `${first}, ${second} and ${items.length - 2} more`;
}

/** How a role is let see what others do. */
function grantStatistics({ user }: Pick<AuditContext, 'user'>): string {
  return `GRANT pg_read_all_stats TO ${quoteIdent(user)};`;
}

/** What others do is hidden from a role without pg_read_all_stats. */
export function hiddenSessions(count: number, context: AuditContext): Omit<Unseen, 'kind'> {
  return {
    message: `the transactions of ${plural(count, 'session')} of other roles are hidden from ${context.user}`,
    look: `SELECT pid, usename, state, xact_start FROM pg_stat_activity WHERE datname = current_database();`,
    instead: `Let the role see them: ${grantStatistics(context)} (it is part of pg_monitor).`,
  };
}
