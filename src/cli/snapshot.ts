import { Command } from 'commander';
import { exitsWith } from './exit.ts';
import * as options from './options.ts';

interface SnapshotOptions {
  readonly config?: string;
  readonly code: boolean;
  readonly env?: string;
  readonly databaseUrl?: string;
  readonly statementTimeout?: number;
  readonly sample?: number;
}

export function snapshotCommand(): Command {
  return new Command('snapshot')
    .summary('write down schema, sizes and traffic, for lint without a database')
    .description(
      'Reads schema, sizes, row counts and write rates from the catalogs and the statistics views of a server, and no row of any table, and ' +
        'writes them to standard output as JSON. The server refuses this session every write.',
    )
    .addOption(options.databaseUrl())
    .addOption(options.config())
    .addOption(options.noCode())
    .addOption(options.env())
    .addOption(options.statementTimeout())
    .addOption(options.sample())
    .addHelpText(
      'after',
      `
Examples:
  tiptoe snapshot --database-url postgres://tiptoe_lint@db.example.com/app > facts.json
  tiptoe lint --facts facts.json                       the same findings as with --database-url
  tiptoe snapshot --env production --sample 10s > facts.json

A role that may do nothing else is enough:
  CREATE ROLE tiptoe_lint LOGIN PASSWORD '…' CONNECTION LIMIT 2;
  GRANT CONNECT ON DATABASE app TO tiptoe_lint;
  GRANT USAGE ON SCHEMA public TO tiptoe_lint;`,
    )
    .action(
      exitsWith(async (given: SnapshotOptions) => {
        const [{ readConfig }, { databaseUrlOf }, { takeSnapshot, tellUnseen }, { snapshotText }] = await Promise.all([
          import('./config.ts'),
          import('./configure.ts'),
          import('./live-facts.ts'),
          import('../lint/snapshot.ts'),
        ]);
        const config = await readConfig(given);
        const { snapshot, source } = await takeSnapshot(await databaseUrlOf(config, given), given, config.live);
        tellUnseen(snapshot, source);
        process.stdout.write(snapshotText(snapshot));
        return 0;
      }),
    );
}
