import { fileCap } from '../migrate/file-cap.ts';
import { explainedStatement } from '../report/explain-json.ts';
import { reportedFinding } from '../report/lint-json.ts';
import type { Plan, PlannedFile, PlannedTable } from './planned.ts';

/** The document of `tiptoe plan --format json`. */
export function planJson(plan: Plan): string {
  const { server, limits, refused, warnings, window, files, tables, holders, inTheWay, runner, backfills } = plan;
  const document = {
    version: 1,
    pgVersion: server.version,
    database: server.database,
    user: server.user,
    standby: server.isStandby,
    seesAllActivity: server.seesAllActivity,
    limits,
    refused:
      refused === null
        ? null
        : {
            reason: refused.reason,
            message: refused.message,
            advice: refused.advice,
            failure: refused.failure,
            findings: refused.findings,
          },
    warnings,
    window,
    files: files.map(plannedFile),
    tables: tables.map(plannedTable),
    inTheWay: { runner, holders, ...inTheWay },
    backfills,
  };
  return `${JSON.stringify(document)}\n`;
}

function plannedFile({ entry, file, done, requires, waits }: PlannedFile) {
  const { name, path, version, kind, standing, outOfOrder } = entry;
  const { source } = file.script;
  return {
    path,
    name,
    version,
    kind,
    state: standing,
    outOfOrder,
    requires,
    waits,
    cap: fileCap(entry),
    transaction: kind === 'backfill' ? 'batches' : file.transaction,
    statements: file.statements.map((analysed) => ({
      ...explainedStatement(source, analysed),
      done: done.has(analysed.statement.index),
      alone: file.alone.has(analysed.statement.index),
    })),
    findings: file.findings.map((finding) => reportedFinding(source, finding)),
    suppressed: file.suppressed.map(({ finding, reason }) => ({ ...reportedFinding(source, finding), reason })),
  };
}

function plannedTable({ relation, facts, since, average, now }: PlannedTable) {
  if (facts === null) return { relation, exists: false };
  const { bytes, indexBytes, bytesEstimated, rows, counters } = facts;
  return {
    relation,
    exists: true,
    bytes,
    indexBytes,
    bytesEstimated,
    rows,
    traffic: { since, ...counters, perSecond: average, perSecondNow: now },
  };
}
