/** Linters from which people come, as they spell themselves. */
export const LINTERS = ['squawk', 'strong_migrations', 'eugene', 'MigrationPilot', 'pgfence', 'Atlas'] as const;
export type Linter = (typeof LINTERS)[number];

/** Names that other linters have for a rule. */
export type Aliases = Readonly<Partial<Record<Linter, readonly string[]>>>;

/** What no rule stands for, and why. */
export const WITHOUT_COUNTERPART: Readonly<Partial<Record<Linter, Readonly<Record<string, string>>>>> = {
  squawk: {
    'ban-duplicate-column-assignments':
      'PostgreSQL refuses the statement whenever it is run, so that it cannot reach a server unseen.',
    'identifier-too-long': 'A long name is read as the server reads it: cut at 63 bytes.',
    'prefer-robust-stmts':
      'A file runs in one transaction, or goes on at the statement that is not done; IF NOT EXISTS would hide what is there and differs (if-not-exists-hides-difference).',
    'require-statement-timeout':
      'tiptoe apply caps the time that locks are held; a statement_timeout of the file would also end the CONCURRENTLY that it covers (timeout-during-concurrently).',
    'require-table-schema':
      'The search_path is followed through the whole history, so that the table is known without.',
  },
  eugene: {
    W12: 'Several ALTER TABLE are one problem only where they read the table more than once, and then each that does is reported.',
    W13: 'An enum is a matter of taste; what goes wrong with its values is reported (enum-value-used-too-early, rename-enum-value).',
  },
  strong_migrations: {
    add_index_corruption: 'The bug was mended in PostgreSQL 14.4.',
    change_table: 'What it does becomes SQL, and is judged as that.',
  },
};

/** How other linters mark a statement as accepted; tiptoe says it by a comment with a reason. */
export const OTHER_SUPPRESSIONS: Readonly<Record<string, string>> = {
  safety_assured: 'strong_migrations, online_migrations',
  'squawk-ignore': 'squawk',
  'squawk-ignore-file': 'squawk',
  'eugene: ignore': 'eugene',
  'migrationpilot-disable': 'MigrationPilot',
  'pgfence-ignore': 'pgfence',
  'atlas:nolint': 'Atlas',
};
