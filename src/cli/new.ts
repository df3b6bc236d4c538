import { Command } from 'commander';
import { exitsWith } from './exit.ts';
import * as options from './options.ts';

export interface NewOptions {
  readonly dir?: string;
  readonly config?: string;
  readonly code: boolean;
  readonly framework?: string;
}

export function newCommand(): Command {
  return new Command('new')
    .summary('a new, empty migration where and as this repository has them')
    .description(
      'Makes the file or files of a new migration in the layout of the migration tool in use, and prints their paths.',
    )
    .argument('<name>', 'what it is for, such as add_email_to_users')
    .addOption(options.dir())
    .addOption(options.config())
    .addOption(options.noCode())
    .addOption(options.framework())
    .addHelpText(
      'after',
      `
Examples:
  tiptoe new add_email_to_users
  tiptoe new "orders by customer" --dir db/migrations`,
    )
    .action(
      exitsWith(async (name: string, given: NewOptions) => {
        const { runNew } = await import('./new-run.ts');
        return runNew(name, given);
      }),
    );
}
