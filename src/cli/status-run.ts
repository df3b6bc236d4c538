import type { Command } from 'commander';
import { type BackfillStatus, listBackfills } from '../backfill/status.ts';
import { resolveConnection } from '../db/connection.ts';
import { roughDuration } from '../duration.ts';
import { checksum } from '../migrate/checksum.ts';
import { detectDir, discoverFolder, type MigrationFile } from '../migrate/discovery.ts';
import { type KeptException, readExceptions } from '../migrate/exceptions.ts';
import { foreseeWaits } from '../migrate/foreseen-waits.ts';
import { fileCap } from '../migrate/file-cap.ts';
import { type KeptFacts, readKeptFacts } from '../migrate/kept-facts.ts';
import { readLedger } from '../migrate/ledger.ts';
import {
  findEntry,
  isApplied,
  isOpen,
  plan,
  unknownMigration,
  type PlanEntry,
  type Standing,
} from '../migrate/plan.ts';
import { Problem } from '../problem.ts';
import { printable } from '../report/printable.ts';
import { configure } from './configure.ts';
import { readSearchPath } from '../db/search-path.ts';
import { readServer } from '../db/server.ts';
import { loadParser } from '../sql/libpg.ts';
import { parseScript, readComments } from '../sql/script.ts';
import type { ExitCode } from './exit.ts';
import { isOpenBackfill } from './open-backfills.ts';
import { readOnServer } from './read-only.ts';
import { refusal } from './refusal.ts';
import { describeSettlement, describeStatement } from './status-facts.ts';
import { leaseHolder, type LeaseHolder } from '../safety/lease.ts';
import { describeRequired, type RequiredState } from './requirements.ts';
import { counted } from '../terminal/backfill-progress.ts';

interface StatusOptions {
  readonly databaseUrl?: string;
  readonly dir?: string;
  readonly schema: string;
  readonly format: 'pretty' | 'json';
}

/** `tiptoe status` */
export async function showStatus(command: Command): Promise<ExitCode> {
  try {
    await configure(command, ({ dir, apply: { schema } }) => ({ dir, schema }));
    return await readStatus(command.opts<StatusOptions>(), command.args[0]);
  } catch (error) {
    if (command.opts<StatusOptions>().format === 'json' && error instanceof Problem)
      print(JSON.stringify({ version: 1, ...refusal(error), migrations: [], backfills: [] }));
    throw error;
  }
}

async function readStatus(options: StatusOptions, name: string | undefined): Promise<ExitCode> {
  const { schema } = options;
  const cwd = process.cwd();
  const files = await discoverFolder(options.dir ?? (await detectDir(cwd)), cwd);
  const connection = resolveConnection({ databaseUrl: options.databaseUrl, env: process.env });
  const { rows, exceptions, known, facts, runner, server } = await readOnServer(
    connection,
    'tiptoe: status',
    schema,
    async (read, session) => ({
      server: { version: (await readServer(session)).version, searchPath: await readSearchPath(session) },
      ...(await read(async (session) => ({
        rows: await readLedger(session, schema),
        exceptions: await readExceptions(session, schema),
        known: await listBackfills(session, schema),
        facts: await readKeptFacts(session, schema),
        runner: await leaseHolder(session, schema, 'migrate'),
      }))),
    }),
  );
  const backfills = known.filter(isOpenBackfill);
  const entries = plan(files, rows, ({ text }) => checksum(text));
  const shownEntries = name === undefined ? entries : [oneOf(entries, name)];
  const waits = await readWaits(files, entries, known, server);
  const requires = (entry: PlanEntry) =>
    entry.file === null || isApplied(entry) ? [] : describeRequired(readComments(entry.file.text), entries, known);
  const shown =
    options.format === 'json'
      ? JSON.stringify({
          version: 1,
          runner,
          migrations: shownEntries.map((entry) => ({
            ...published(entry, exceptions.get(entry.name) ?? [], facts),
            requires: requires(entry),
            waits: waits.get(entry.name) ?? null,
          })),
          backfills,
        })
      : name === undefined
        ? [...describe(entries, exceptions, requires, waits, backfills), ...describeRunner(runner)].join('\n')
        : [
            ...entryLines(shownEntries, exceptions, requires, waits),
            ...shownEntries.flatMap((entry) => factLines(entry, facts)),
          ].join('\n');
  print(shown);
  return 0;
}

function oneOf(entries: readonly PlanEntry[], name: string): PlanEntry {
  const entry = findEntry(entries, name);
  if (entry === null) throw unknownMigration(name, entries);
  return entry;
}

function factLines({ name, row }: PlanEntry, { statements, settlements }: KeptFacts): string[] {
  return [
    ...(row === null ? [] : [`begun ${row.startedAt} by ${row.runBy} from ${row.runFrom}, tiptoe ${row.toolVersion}`]),
    ...(settlements.get(name) ?? []).map(describeSettlement),
    ...(statements.get(name) ?? []).flatMap(describeStatement),
  ].map((line) => `  ${printable(line)}`);
}

function describeRunner(runner: LeaseHolder | null): string[] {
  return runner === null
    ? []
    : [
        printable(
          `Migrations are being applied right now, since ${runner.since}, by ${runner.owner} (pid ${runner.pid}).`,
        ),
      ];
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function published(entry: PlanEntry, exceptions: readonly KeptException[], facts: KeptFacts) {
  const { name, path, version, kind, standing, outOfOrder, row } = entry;
  return {
    name,
    path,
    version,
    kind,
    state: standing,
    outOfOrder,
    appliedAt: row?.state === 'done' ? row.finishedAt : null,
    runBy: row?.runBy ?? null,
    runFrom: row?.runFrom ?? null,
    toolVersion: row?.toolVersion ?? null,
    cap: fileCap(entry),
    unconfirmed: row?.unconfirmed ?? false,
    error: row?.error ?? null,
    exceptions,
    settlements: facts.settlements.get(name) ?? [],
    statements: facts.statements.get(name) ?? [],
  };
}

/** One line for each migration and each open backfill, and a last one that sums up. */
function describe(
  entries: readonly PlanEntry[],
  exceptions: ReadonlyMap<string, readonly KeptException[]>,
  requires: (entry: PlanEntry) => readonly RequiredState[],
  waits: Waits,
  backfills: readonly BackfillStatus[],
): string[] {
  const width = widthOf(entries);
  const lines = entryLines(entries, exceptions, requires, waits);
  for (const { name, state, rowsDone } of backfills) {
    lines.push(
      `${state.padEnd(width)}  ${printable(name)}  (backfill; ${counted(rowsDone, 'row')} changed; tiptoe backfill status tells more)`,
    );
  }
  return [...lines, ...(lines.length === 0 ? [] : ['']), sum(entries)];
}

function widthOf(entries: readonly PlanEntry[]): number {
  return Math.max(0, ...entries.map(({ standing }) => standing.length));
}

function entryLines(
  entries: readonly PlanEntry[],
  exceptions: ReadonlyMap<string, readonly KeptException[]>,
  requires: (entry: PlanEntry) => readonly RequiredState[],
  waits: Waits,
): string[] {
  const width = widthOf(entries);
  return entries.flatMap((entry) => [
    `${entry.standing.padEnd(width)}  ${printable(entry.path)}${remark(entry)}`,
    ...requires(entry)
      .filter(({ met }) => !met)
      .map(({ name, state }) => printable(`${' '.repeat(width)}    requires ${name}, which is ${state}`)),
    ...waitLines(entry, waits).map((line) => `${' '.repeat(width)}    ${line}`),
    ...(exceptions.get(entry.name) ?? []).map((exception) => `${' '.repeat(width)}  ${describeException(exception)}`),
  ]);
}

type Waits = ReturnType<typeof foreseeWaits>;

function waitLines({ name }: PlanEntry, waits: Waits): string[] {
  const wait = waits.get(name);
  return wait === undefined ? [] : [printable(`waits for the backfill ${wait.backfill}: ${wait.reason}`)];
}

/** The grammar is loaded only where a backfill may be in the way of a file. */
async function readWaits(
  files: readonly MigrationFile[],
  entries: readonly PlanEntry[],
  backfills: readonly BackfillStatus[],
  { version, searchPath }: { readonly version: number; readonly searchPath: readonly string[] },
): Promise<Waits> {
  const open = entries.filter(isOpen);
  const first = open.findIndex(({ kind }) => kind === 'backfill');
  if (first === -1 || first === open.length - 1) return new Map();
  await loadParser();
  return foreseeWaits({
    entries,
    scripts: new Map(files.map(({ name, path, text }) => [name, parseScript(path, text)])),
    stateOf: (name) => backfills.find((one) => one.name === name)?.state ?? null,
    searchPath,
    version,
  });
}

function describeException({ rule, line, relations, by, reason, runBy, runFrom }: KeptException): string {
  const who = by === 'flag' ? `--allow of ${runBy} from ${runFrom}` : 'a comment in the file';
  return printable(`  let through in line ${line}: ${rule} on ${relations.join(', ')}, by ${who}: ${reason}`);
}

function remark(entry: PlanEntry): string {
  const { standing, row, outOfOrder, kind, file } = entry;
  const cap = fileCap(entry);
  const parts: string[] = [];
  if (kind === 'backfill') parts.push('backfill');
  if (standing === 'applied') parts.push(`${row?.finishedAt ?? ''} by ${row?.runBy ?? ''}`);
  if (standing === 'edited') parts.push(`changed since it was applied on ${row?.finishedAt ?? ''}`);
  if (standing === 'missing') parts.push(`applied on ${row?.finishedAt ?? ''}, and the file is gone`);
  if (standing === 'running') parts.push(`since ${row?.startedAt ?? ''} by ${row?.runFrom ?? ''}, or its runner died`);
  if (standing === 'failed' || standing === 'half-done') parts.push(row?.error ?? '');
  if (file === null && standing !== 'missing') parts.push('its file is gone; restore it');
  if (cap !== null) parts.push(`with a cap of ${roughDuration(cap.ms)}: ${cap.reason}`);
  if (row?.unconfirmed === true) parts.push('its COMMIT was not confirmed by a synchronous standby');
  if (outOfOrder) parts.push('comes before migrations that are applied');
  return parts.length === 0 ? '' : `  (${printable(parts.join('; '))})`;
}

function sum(entries: readonly PlanEntry[]): string {
  if (entries.length === 0) return 'No migrations.';
  const counts = new Map<Standing, number>();
  for (const { standing } of entries) counts.set(standing, (counts.get(standing) ?? 0) + 1);
  const late = entries.filter(({ outOfOrder }) => outOfOrder).length;
  const parts = [...counts].map(([standing, count]) => `${count} ${standing}`);
  return `${parts.join(', ')}${late === 0 ? '' : `; ${late} out of order`}.`;
}
