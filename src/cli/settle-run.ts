import type { Command } from 'commander';
import { resolveConnection } from '../db/connection.ts';
import { detectDir, discoverFolder } from '../migrate/discovery.ts';
import { baseline, type Change, repair, type Settled } from '../migrate/settle.ts';
import type { Verdict } from '../migrate/settlements.ts';
import { Problem } from '../problem.ts';
import { plural } from '../report/counts.ts';
import { printable } from '../report/printable.ts';
import { ask } from '../terminal/ask.ts';
import { configure } from './configure.ts';
import type { ExitCode } from './exit.ts';
import { refusal } from './refusal.ts';
import { runner } from './runner.ts';

interface CommonOptions {
  readonly databaseUrl?: string;
  readonly dir?: string;
  readonly schema: string;
  readonly yes?: true;
  readonly format: 'pretty' | 'json';
}

/** `tiptoe baseline` */
export async function runBaseline(command: Command): Promise<ExitCode> {
  return report(command, async (common) => {
    const { to } = command.opts<{ to?: string }>();
    return baseline({ ...common, ...(to === undefined ? {} : { to }) });
  });
}

/** `tiptoe repair` */
export async function runRepair(file: string, command: Command): Promise<ExitCode> {
  const { as, reason, statement } = command.opts<{ as: Verdict; reason: string; statement?: number }>();
  return report(command, async (common) => {
    if (reason.trim() === '') {
      throw new Problem('--reason is empty.', {
        advice: "Say why, for whoever reads the ledger later: --reason 'finished by hand, INC-12'.",
      });
    }
    return repair({ ...common, file, as, reason: reason.trim(), ...(statement === undefined ? {} : { statement }) });
  });
}

async function report(
  command: Command,
  work: (common: Parameters<typeof baseline>[0]) => Promise<Settled>,
): Promise<ExitCode> {
  const { format } = command.opts<CommonOptions>();
  try {
    await configure(command, ({ dir, apply: { schema } }) => ({ dir, schema }));
    const { databaseUrl, dir, schema, yes } = command.opts<CommonOptions>();
    const cwd = process.cwd();
    const settled = await work({
      connection: resolveConnection({ databaseUrl, env: process.env }),
      files: await discoverFolder(dir ?? (await detectDir(cwd)), cwd),
      schema,
      runner: runner(),
      async confirm(changes) {
        if (yes === true) return true;
        if (!process.stdin.isTTY) {
          throw new Problem('Nobody can be asked here: standard input is no terminal. Nothing was changed.', {
            advice: 'Give --yes where that is meant; tiptoe status shows how the migrations stand.',
          });
        }
        process.stderr.write(`${changes.map(describe).join('\n')}\n`);
        return (await ask('Write this to the ledger?')) === true;
      },
    });
    print(format === 'json' ? JSON.stringify({ version: 1, ...settled }) : lines(settled).join('\n'));
    return settled.outcome === 'done' ? 0 : 3;
  } catch (error) {
    if (format === 'json' && error instanceof Problem)
      print(JSON.stringify({ version: 1, ...refusal(error), changes: [], unchanged: 0 }));
    throw error;
  }
}

function lines({ outcome, changes, unchanged }: Settled): string[] {
  if (outcome === 'declined') return ['Nothing was changed.'];
  if (changes.length === 0)
    return [
      unchanged === 1
        ? 'Nothing to change: it stands so already.'
        : `Nothing to change: all ${unchanged} migrations are applied already.`,
    ];
  const sum = `${plural(changes.length, 'migration')} settled; nothing was run.`;
  return [...changes.map(describe), ...(changes.length === 1 ? ['Nothing was run.'] : [sum])];
}

/** `migrations/007_total.sql: half-done -> applied` */
function describe({ path, before, after, statement }: Change): string {
  const what = statement === null ? printable(path) : `${printable(path)}, statement ${statement}`;
  return `${what}: ${before} -> ${after}`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
