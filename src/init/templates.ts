/** What the files that `init` writes are made from. */
export interface Setting {
  /** Of tiptoe, written into what runs it. */
  readonly version: string;
  /** Where the config is, from the repository's root; empty for the root itself. */
  readonly folder: string;
}

/** Commits, as a tag may be moved; https://docs.github.com/actions/reference/security/secure-use#using-third-party-actions */
const CHECKOUT = 'actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0';
const SETUP_NODE = 'actions/setup-node@a0853c24544627f65ddf259abe73b1d18a591444 # v5.0.0';

/** Lints a pull request, and reports what it adds, in the job's summary and beside the lines. */
export function githubWorkflow({ version, folder }: Setting): string {
  return `# Checks the migrations of a pull request: https://www.npmjs.com/package/tiptoe
name: tiptoe

on:
  pull_request:
    paths: ['**.sql', '**/tiptoe.config.*']

permissions:
  contents: read

jobs:
  lint:
    name: migrations
    runs-on: ubuntu-latest
    timeout-minutes: 10
    steps:
      - uses: ${CHECKOUT}
        with:
          # As far back as the branch began.
          fetch-depth: 0
          persist-credentials: false
      - uses: ${SETUP_NODE}
        with:
          node-version: 22
      - name: tiptoe lint
${folder === '' ? '' : `        working-directory: ${JSON.stringify(folder)}\n`}        run: >-
          npx --yes tiptoe@${version} lint
          --since "origin/$GITHUB_BASE_REF"
          --format pretty --format github --format "markdown=$GITHUB_STEP_SUMMARY"
`;
}

/** The same for a merge request; the report shows in its widget. */
export function gitlabJob({ version, folder }: Setting): string {
  const enter = folder === '' ? '' : `    - cd ${quoted(folder)}\n`;
  return `# Checks the migrations of a merge request: https://www.npmjs.com/package/tiptoe
tiptoe:
  image: node:22
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
      changes: ['**/*.sql', '**/tiptoe.config.*']
  variables:
    # As far back as the branch began.
    GIT_DEPTH: 0
  script:
${enter}    - >-
      npx --yes tiptoe@${version} lint
      --since "$CI_MERGE_REQUEST_DIFF_BASE_SHA"
      --format pretty --format "gitlab=$CI_PROJECT_DIR/gl-code-quality-report.json"
  artifacts:
    when: always
    reports:
      codequality: gl-code-quality-report.json
`;
}

/** Takes the job into the pipeline where there is none yet. */
export function gitlabPipeline(job: string): string {
  return `include:\n  - local: ${job}\n`;
}

/** A hook of git: what is new or changed since the branch began, when SQL is among what is committed. */
export function gitHook({ version, folder }: Setting): string {
  const run = `npx --yes tiptoe@${version} lint --quiet`;
  return `#!/bin/sh
# Checks the migrations that a commit adds or changes, as they are in the work tree. git commit --no-verify leaves it out.
git diff --cached --quiet -- '*.sql' && exit 0
${folder === '' ? '' : `cd ${quoted(folder)} || exit 2\n`}for base in origin/HEAD origin/main origin/master main master HEAD; do
  if git rev-parse --quiet --verify "$base^{commit}" >/dev/null; then
    exec ${run} --since "$base"
  fi
done
exec ${run}
`;
}

/** For https://pre-commit.com, which has hooks of many tools in one file. */
export function preCommitEntry({ version }: Setting): string {
  return `  - repo: local
    hooks:
      - id: tiptoe-lint
        name: tiptoe lint
        entry: npx --yes tiptoe@${version} lint --quiet --since HEAD
        language: system
        files: \\.sql$
        pass_filenames: false
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
