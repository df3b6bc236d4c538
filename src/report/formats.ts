import type { LintReport } from './lint-report.ts';

export interface Format {
  readonly says: string;
  readonly load: () => Promise<(report: LintReport) => string>;
}

/** How `lint` reports, by the names that `--format` takes; each is loaded when it is asked for. */
export const FORMATS = {
  pretty: {
    says: 'for a person',
    load: async () => {
      const { lintPretty } = await import('./lint-pretty.ts');
      return ({ files, style, ...options }) => lintPretty(files, style, options);
    },
  },
  json: {
    says: 'one document, for a script',
    load: async () => {
      const { lintJson } = await import('./lint-json.ts');
      return ({ files, version, scope }) => lintJson(files, version, scope);
    },
  },
  sarif: {
    says: 'SARIF 2.1.0, for code scanning',
    load: async () => (await import('./lint-sarif.ts')).lintSarif,
  },
  github: {
    says: 'annotations of GitHub Actions',
    load: async () => (await import('./lint-github.ts')).lintGithub,
  },
  markdown: {
    says: 'a job summary, or a comment on a pull request',
    load: async () => (await import('./lint-markdown.ts')).lintMarkdown,
  },
  gitlab: {
    says: "GitLab's code quality report",
    load: async () => (await import('./lint-gitlab.ts')).lintGitlab,
  },
  junit: {
    says: 'JUnit XML, for what shows test results',
    load: async () => (await import('./lint-junit.ts')).lintJunit,
  },
  checkstyle: {
    says: 'Checkstyle XML, for Jenkins and reviewdog',
    load: async () => (await import('./lint-checkstyle.ts')).lintCheckstyle,
  },
  compact: {
    says: 'one line a finding, for editors',
    load: async () => (await import('./lint-compact.ts')).lintCompact,
  },
} as const satisfies Readonly<Record<string, Format>>;

export type FormatName = keyof typeof FORMATS;

export function isFormatName(name: string): name is FormatName {
  return Object.hasOwn(FORMATS, name);
}
