import { roughDuration } from '../duration.ts';
import type { KeptSettlement, KeptStatement } from '../migrate/kept-facts.ts';
import { plural } from '../report/counts.ts';
import { printable } from '../report/printable.ts';
import { describeBlocker } from './apply-text.ts';

/** What the ledger keeps of a statement, for a person: its cost, whom it made wait, who was in its way. */
export function describeStatement(statement: KeptStatement): string[] {
  const { line, kind, state, attempts, waitedMs, heldMs, durationMs, stalled, runBy, runFrom, toolVersion } = statement;
  const parts = [
    ...(durationMs === null ? [] : [`took ${roughDuration(durationMs)}`]),
    ...(attempts === null ? [] : [attempts === 1 ? '1 try' : `${attempts} tries`]),
    ...(waitedMs === null ? [] : [`waited ${roughDuration(waitedMs)} for its locks`]),
    ...(heldMs === null ? [] : [`held them for ${roughDuration(heldMs)}`]),
    ...(stalled.sessions === null || stalled.sessions === 0
      ? []
      : [`made ${plural(stalled.sessions, 'session')} wait, ${roughDuration(stalled.longestMs ?? 0)} at most`]),
  ];
  return [
    `line ${line}: ${printable(kind)} ${state}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`,
    `  ${statement.finishedAt ?? statement.startedAt} by ${printable(runBy)} from ${printable(runFrom)}, tiptoe ${printable(toolVersion)}`,
    ...statement.blockers.map((blocker) => `  in its way: ${describeBlocker(blocker)}`),
  ];
}

export function describeSettlement({ command, index, before, after, reason, by, from, at }: KeptSettlement): string {
  const what = index === null ? 'the file' : `statement ${index + 1}`;
  return printable(
    `${command}: ${what} was ${before} and counts as ${after} since ${at}, by ${by} from ${from}: ${reason}`,
  );
}
