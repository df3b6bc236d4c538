import type { LintedFile } from '../lint/engine.ts';

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

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
