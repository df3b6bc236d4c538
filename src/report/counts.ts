import type { Finding, LintedFile } from '../lint/engine.ts';

export function counts(files: readonly LintedFile[]): {
  files: number;
  errors: number;
  warnings: number;
  suppressed: number;
} {
  const findings = files.flatMap((file) => file.findings);
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  return {
    files: files.length,
    errors,
    warnings: findings.length - errors,
    suppressed: files.reduce((sum, file) => sum + file.suppressed.length, 0),
  };
}

/** `1 error, 2 warnings`; nothing where there is nothing. */
export function severities(findings: readonly Pick<Finding, 'severity'>[]): string[] {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.length - errors;
  return [...(errors > 0 ? [plural(errors, 'error')] : []), ...(warnings > 0 ? [plural(warnings, 'warning')] : [])];
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
