import type { Script } from '../sql/statement.ts';

const TIMEOUTS: ReadonlySet<string> = new Set([
  'lock_timeout',
  'statement_timeout',
  'idle_in_transaction_session_timeout',
  'transaction_timeout',
]);

/** What runs, but not as its author may think, in words. */
export function oddities(script: Script): string[] {
  return [...emptiness(script), ...switchedOff(script)];
}

function emptiness({ statements, faults }: Script): string[] {
  if (statements.length > 0 || faults.length > 0) return [];
  return ['There is no statement in it; it counts as applied, and what is written into it later does not run.'];
}

function switchedOff({ statements, source }: Script): string[] {
  const off = statements.filter(
    ({ action }) =>
      action.kind === 'set' && TIMEOUTS.has(action.name) && (action.value === null || /^'?0/.test(action.value)),
  );
  const [first] = off;
  if (first === undefined) return [];
  const names = [...new Set(off.map(({ action }) => (action.kind === 'set' ? action.name : '')))].join(', ');
  const { line } = source.position(first.range.start);
  return [`Line ${line} switches off ${names}, which has no effect: tiptoe sets its own limits before each statement.`];
}
