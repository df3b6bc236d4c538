import { Command, Option } from 'commander';
import { Problem } from '../problem.ts';
import { exitsWith } from './exit.ts';
import * as options from './options.ts';

export interface InitOptions {
  readonly yes: boolean;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly from?: 'squawk';
  readonly ci?: readonly ('github' | 'gitlab' | 'none')[];
  readonly hook: boolean;
  readonly dir?: string;
  readonly pgVersion?: number;
}

export function initCommand(): Command {
  return new Command('init')
    .summary('write a config, a CI job and a pre-commit hook')
    .description(
      'Looks at the repository (migration tool, folder, server version, CI), and writes what tiptoe lint needs there: each file is shown, and written when you say so. What is there already is kept.',
    )
    .addOption(options.dir())
    .addOption(options.pgVersion().default(undefined, 'what the images of docker-compose, CI or .tool-versions say'))
    .addOption(
      new Option(
        '--ci <name>',
        'for github, gitlab or none; repeatable (default: what the repository looks like)',
      ).argParser((name: string, before: readonly string[] | undefined) => [...(before ?? []), ciName(name)]),
    )
    .option('--no-hook', 'write no pre-commit hook')
    .addOption(new Option('--from <linter>', 'translate its config and its comments in migrations').choices(['squawk']))
    .option('--dry-run', 'show what would be written, and write nothing', false)
    .option('--force', 'replace files that are there and differ', false)
    .option('--yes', 'do not ask; needed where standard input is no terminal', false)
    .addHelpText(
      'after',
      `
Examples:
  tiptoe init                          look, show and ask
  tiptoe init --yes                    write what is missing
  tiptoe init --from squawk --dry-run  what becomes of .squawk.toml and of -- squawk-ignore
  tiptoe init --yes --ci gitlab --no-hook`,
    )
    .action(
      exitsWith(async (given: InitOptions, command: Command) => {
        const { runInit } = await import('./init-run.ts');
        return runInit(given, command.optsWithGlobals<{ color: boolean }>());
      }),
    );
}

function ciName(name: string): string {
  if (['github', 'gitlab', 'none'].includes(name)) return name;
  throw new Problem(`--ci takes github, gitlab or none, not '${name}'.`, {
    advice: 'For others, tiptoe lint --help lists the formats: junit, checkstyle, sarif.',
  });
}
