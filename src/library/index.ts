import {
  explainDocument,
  type ExplainDocument,
  explainedStatement,
  type ExplainedStatement,
} from '../report/explain-json.ts';
import { lintDocument, type LintDocument, reportedFinding, type ReportedFinding } from '../report/lint-json.ts';
import { type JudgeOptions, type Migrations, read, type ReadOptions } from './read.ts';

export * from '../lint/kit.ts';
export type { RuleOption, RuleOptions } from '../lint/rule-options.ts';
export { Problem } from '../problem.ts';
export { defineConfig, type RuleSetting, type RuleTable, type UserConfig } from './config.ts';
export type {
  ExplainDocument,
  ExplainedStatement,
  JudgeOptions,
  LintDocument,
  Migrations,
  ReadOptions,
  ReportedFinding,
};
export type { Migration } from './read.ts';

/**
 * The findings of migrations, read in their order as one history: the document of `tiptoe lint --format json`. Nothing is read but the
 * texts; they are not run.
 */
export async function lint(migrations: Migrations, options: JudgeOptions = {}): Promise<LintDocument> {
  const { files, version, facts } = await read(migrations, options);
  return lintDocument(files, version, facts === undefined ? {} : { facts });
}

/** What each statement locks, rewrites and scans: the document of `tiptoe explain --format json`. */
export async function explain(migrations: Migrations, options: ReadOptions = {}): Promise<ExplainDocument> {
  const { files, version, facts = null } = await read(migrations, options);
  return explainDocument(files, version, facts);
}

/** A file, with all that is known of it. */
export interface Analysis {
  readonly path: string;
  /** One for the file; one for each statement, because it has to be; or none, because the file asks for that. */
  readonly transaction: 'file' | 'statement' | 'none';
  readonly statements: readonly (ExplainedStatement & { readonly findings: readonly ReportedFinding[] })[];
  /** All of them, those that are about no statement included. */
  readonly findings: readonly ReportedFinding[];
  /** What comments in the file accept, and why. */
  readonly suppressed: readonly { readonly finding: ReportedFinding; readonly reason: string }[];
}

/** Both at once, statement by statement. */
export async function analyze(migrations: Migrations, options: JudgeOptions = {}): Promise<readonly Analysis[]> {
  const { files } = await read(migrations, options);
  return files.map(({ script: { source }, transaction, statements, findings, suppressed }) => {
    const reported = findings.map((finding) => reportedFinding(source, finding));
    return {
      path: source.path,
      transaction,
      statements: statements.map((statement) => ({
        ...explainedStatement(source, statement),
        findings: reported.filter((finding) => finding.statement === statement.statement.index),
      })),
      findings: reported,
      suppressed: suppressed.map(({ finding, reason }) => ({ finding: reportedFinding(source, finding), reason })),
    };
  });
}
