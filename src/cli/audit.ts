import { Command, Option } from 'commander';
import { FORMATS } from '../report/formats.ts';
import { schema } from './apply-settings.ts';
import { exitsWith } from './exit.ts';
import * as options from './options.ts';

export interface AuditOptions {
  readonly databaseUrl?: string;
  readonly dir?: string;
  readonly config?: string;
  readonly code?: boolean;
  readonly env?: string;
  readonly var: Readonly<Record<string, string>>;
  /** The schema of tiptoe's own tables. */
  readonly schema: string;
  readonly check?: readonly string[];
  readonly sample?: number;
  readonly failOn: 'error' | 'warning' | 'never';
  readonly format?: readonly string[];
  readonly list: boolean;
  readonly quiet: boolean;
}

const repeated = (text: string, before: readonly string[] | undefined): string[] => [...(before ?? []), text];

export function auditCommand(): Command {
  return new Command('audit')
    .summary('what past migrations left on the server')
    .description(
      'Looks for what past migrations left: invalid, unused and duplicate indexes, constraints never validated, keys that run out, foreign ' +
        'keys without an index, missing timeouts, forgotten transactions and slots. It reads catalogs and statistics views alone, in ' +
        'read-only transactions, and waits behind nobody. An ordinary role will do; with pg_monitor it sees more.',
    )
    .addOption(options.databaseUrl())
    .addOption(options.dir())
    .addOption(options.config())
    .addOption(options.noCode())
    .addOption(options.env())
    .addOption(options.variable())
    .addOption(schema())
    .addOption(
      new Option('--check <name>', 'run this check alone (repeatable)').argParser(repeated).default(undefined, 'all'),
    )
    .addOption(
      new Option(
        '--sample <duration>',
        'measure what is written for so long, not on average since the statistics were reset',
      ).argParser(options.duration),
    )
    .addOption(
      new Option('--fail-on <severity>', 'which findings make the exit code 1')
        .choices(['error', 'warning', 'never'])
        .default('error'),
    )
    .addOption(
      new Option('--format <format[=file]>', 'how to report, once or more: on standard output, or to a file')
        .argParser(repeated)
        .default(undefined, 'pretty'),
    )
    .option('--list', 'list the checks, and look at nothing', false)
    .option('-q, --quiet', 'print nothing when there is nothing to report', false)
    .addHelpText(
      'after',
      `
Examples:
  tiptoe audit --database-url postgres://audit@db.example.com/app
  tiptoe audit --check unused-index --check duplicate-index
  tiptoe audit --sample 60s                    also what is written right now, against the budgets
  tiptoe audit --format sarif=audit.sarif --fail-on warning

Formats: ${Object.keys(FORMATS).join(', ')}

A finding is accepted in the config, with a reason:
  { "audit": { "ignore": [{ "check": "no-primary-key", "object": "public.import_*", "reason": "emptied every night" }] } }`,
    )
    .action(
      exitsWith(async (given: AuditOptions, command: Command) => {
        const { runAudit } = await import('./audit-run.ts');
        return runAudit(given, command);
      }),
    );
}
