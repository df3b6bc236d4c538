import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { rules } from '../../rules/index.ts';
import { listBackfills } from '../backfill/status.ts';
import { emptyCatalog, resetSession } from '../catalog/catalog.ts';
import { type ConnectionSettings, resolveConnection } from '../db/connection.ts';
import { sqlstate } from '../db/errors.ts';
import { readSearchPath } from '../db/search-path.ts';
import { readServer, requireDirect } from '../db/server.ts';
import type { Session } from '../db/session.ts';
import { readTables, type TableReading } from '../inspect/table-facts.ts';
import { analyse, type AnalysedFile } from '../lint/engine.ts';
import { checksum } from '../migrate/checksum.ts';
import { foreseeWaits } from '../migrate/foreseen-waits.ts';
import { passGate } from '../migrate/gate.ts';
import { detectDir, discoverFolder, type MigrationFile } from '../migrate/discovery.ts';
import { readLedger, readStatements } from '../migrate/ledger.ts';
import { isOpen, plan, type PlanEntry, upTo } from '../migrate/plan.ts';
import { type OutOfOrderPolicy, preflight } from '../migrate/preflight.ts';
import { missingPrivileges } from '../migrate/privileges.ts';
import type { Stop } from '../migrate/stop.ts';
import { stronger, type LockMode } from '../postgres/lock-mode.ts';
import { SQLSTATE } from '../postgres/sqlstate.ts';
import { Problem } from '../problem.ts';
import { blockersOf, findHolders } from '../safety/blockers.ts';
import { readInTheWay } from '../safety/in-the-way.ts';
import { leaseHolder } from '../safety/lease.ts';
import { resolveTargets } from '../safety/targets.ts';
import { lookAtWindows } from '../safety/windows.ts';
import { loadParser } from '../sql/libpg.ts';
import { parseScript } from '../sql/script.ts';
import type { Script } from '../sql/statement.ts';
import { styleFor } from '../terminal/style.ts';
import type { TimeWindow } from '../time-window.ts';
import { utc } from '../utc.ts';
import type { Config } from './config.ts';
import { configure } from './configure.ts';
import type { ExitCode } from './exit.ts';
import { lintGate } from './lint-gate.ts';
import { isOpenBackfill } from './open-backfills.ts';
import { planJson } from './plan-json.ts';
import { planPretty } from './plan-text.ts';
import type { Plan, PlannedFile, PlannedTable, PlannedWindow, PlanWarning } from './planned.ts';
import { type Reading, readOnServer } from './read-only.ts';
import { refusal } from './refusal.ts';
import { describeRequired } from './requirements.ts';

interface PlanOptions {
  readonly databaseUrl?: string;
  readonly dir?: string;
  readonly schema: string;
  readonly var: Readonly<Record<string, string>>;
  readonly maxStall: number;
  readonly giveUpAfter: number;
  readonly cap: number;
  readonly maxCap: number;
  readonly outOfOrder: OutOfOrderPolicy;
  readonly to?: string;
  readonly window?: readonly TimeWindow[];
  /** Of `apply --only-plan`. */
  readonly allow?: readonly string[];
  readonly format: 'pretty' | 'json' | 'ndjson';
  /** A flag of the program. */
  readonly color: boolean;
}

/** `tiptoe plan`, and `tiptoe apply --only-plan` */
export async function showPlan(command: Command): Promise<ExitCode> {
  const { format } = command.opts<PlanOptions>();
  try {
    if (format === 'ndjson') {
      throw new Problem('A plan is one document, and --format ndjson is one event a line.', {
        advice: 'Use --format json with --only-plan.',
      });
    }
    const config = await configure(command, ({ dir, apply }) => ({ dir, ...apply }));
    const options = command.optsWithGlobals<PlanOptions>();
    const found = await readPlan(options, config);
    process.stdout.write(format === 'json' ? planJson(found) : planPretty(found, styleFor(process.stdout, options)));
    return 0;
  } catch (error) {
    if (format === 'json' && error instanceof Problem)
      process.stdout.write(
        `${JSON.stringify({ version: 1, ...refusal(error), files: [], tables: [], backfills: [] })}\n`,
      );
    throw error;
  }
}

async function readPlan(options: PlanOptions, config: Config): Promise<Plan> {
  const cwd = process.cwd();
  const files = await discoverFolder(options.dir ?? (await detectDir(cwd)), cwd);
  const connection = resolveConnection({ databaseUrl: options.databaseUrl, env: process.env });
  await loadParser();
  return readOnServer(connection, 'tiptoe: plan', options.schema, (read, session) =>
    look(options, config, { files, connection, read, session }),
  );
}

interface Place {
  readonly files: readonly MigrationFile[];
  readonly connection: ConnectionSettings;
  readonly read: Reading;
  readonly session: Session;
}

async function look(options: PlanOptions, config: Config, place: Place): Promise<Plan> {
  const { files, connection, read, session } = place;
  const { schema, outOfOrder } = options;
  const server = await readServer(session);
  const searchPath = await readSearchPath(session);
  const { rows, backfills, runner } = await read(async (session) => ({
    rows: await readLedger(session, schema),
    backfills: await listBackfills(session, schema),
    runner: await leaseHolder(session, schema, 'migrate'),
  }));
  const entries = plan(files, rows, ({ text }) => checksum(text));
  const open = upTo(entries, options.to).filter(isOpen);
  const scripts = new Map(
    files.map(({ name, path, text, fills }) => [name, parseScript(path, text, options.var, undefined, fills)]),
  );
  const known = backfills.map(({ name }) => name);
  const { refused: refusedEarly, warnings } = preflight({
    entries,
    open,
    scripts,
    backfills: known,
    outOfOrder,
    maxCapMs: options.maxCap,
  });

  const catalog = emptyCatalog();
  catalog.session = { searchPath, settings: new Map() };
  resetSession(catalog);
  const analysed = analyse(scripts.values(), catalog, {
    rules,
    severities: config.severities,
    settings: config.settings,
    version: server.version,
  });
  const byPath = new Map(analysed.map((file) => [file.script.source.path, file]));
  const planned: PlannedFile[] = [];
  const stateOf = (name: string) => backfills.find((one) => one.name === name)?.state ?? null;
  const waits = foreseeWaits({ entries, scripts, stateOf, searchPath, version: server.version });
  for (const entry of open) {
    const file = byPath.get(entry.path);
    if (file === undefined) continue;
    planned.push({
      entry,
      file,
      done: await doneStatements(read, schema, entry),
      requires: describeRequired(file.script, entries, backfills),
      waits: waits.get(entry.name) ?? null,
    });
  }

  const foretold =
    refusedEarly === null ? await foretell(options, config, place, { planned, scripts, searchPath, server }) : null;
  const locks = locksOf(planned);
  const relations = [...locks.keys()].sort();
  const tables = await tableFacts(read, relations);
  const { holders, inTheWay } = await read(async (session) => {
    const wanted = relations.map((relation) => ({ relation, mode: locks.get(relation) ?? 'AccessShareLock' }));
    const targets = await resolveTargets(session, wanted);
    return {
      holders: blockersOf(await findHolders(session, targets, [session])),
      inTheWay: await readInTheWay(session),
    };
  });
  return {
    connection,
    server,
    limits: { maxStallMs: options.maxStall, giveUpAfterMs: options.giveUpAfter, capMs: options.cap },
    total: entries.length,
    refused: refusedEarly ?? foretold?.refused ?? null,
    warnings: [...warnings, ...(foretold?.warnings ?? [])],
    window: await windowNow(session, options.window ?? []),
    files: planned,
    tables,
    holders,
    inTheWay,
    runner,
    backfills: backfills.filter(isOpenBackfill),
  };
}

interface Foretold {
  readonly refused: Stop | null;
  readonly warnings: readonly PlanWarning[];
}

/** What apply would find out before it begins: whether the role may do all that, and whether the gate lets it through. */
async function foretell(
  { allow }: PlanOptions,
  config: Config,
  { connection, read, session }: Place,
  {
    planned,
    scripts,
    searchPath,
    server: { version },
  }: {
    readonly planned: readonly PlannedFile[];
    readonly scripts: ReadonlyMap<string, Script>;
    readonly searchPath: readonly string[];
    readonly server: Plan['server'];
  },
): Promise<Foretold> {
  if (planned.length === 0) return { refused: null, warnings: [] };
  const gate = lintGate(config, allow ?? []);
  const done = new Map(planned.map((one) => [one.entry.path, one.done]));
  const isPending = ({ source }: Script, statement: number) => done.get(source.path)?.has(statement) === false;
  const at = { scripts: [...scripts.values()], isPending, searchPath, version };
  const missing = await read((session) => missingPrivileges(session, at));
  if (missing !== null) return { refused: missing, warnings: [] };
  const warnings: PlanWarning[] = [];
  try {
    // The gate counts rows in a session with settings of its own, which a pooler would pass on to others.
    await requireDirect(session);
    const passed = await passGate(gate, {
      ...at,
      connection,
      emit(event) {
        if (event.event === 'warning') warnings.push(event);
      },
    });
    return { refused: passed.kind === 'stop' ? passed : null, warnings };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const message = `Whether apply would refuse what the linter found cannot be told: ${error.message}`;
    return { refused: null, warnings: [{ path: null, message }] };
  }
}

async function windowNow(session: Session, windows: readonly TimeWindow[]): Promise<PlannedWindow | null> {
  if (windows.length === 0) return null;
  const state = await lookAtWindows(session, windows);
  return {
    windows: windows.map(({ text }) => text),
    open: state.open,
    opensAt: state.open || state.opensAt === null ? null : utc(state.opensAt),
  };
}

/** Of a file that was begun: the statements that stand already. */
async function doneStatements(read: Reading, schema: string, { name, row }: PlanEntry): Promise<ReadonlySet<number>> {
  if (row === null) return new Set();
  const { from, toolVersion } = { from: row.runFrom, toolVersion: row.toolVersion };
  const statements = await read((session) => readStatements(session, { schema, runner: { from, toolVersion } }, name));
  return new Set(statements.filter(({ state }) => state === 'done').map(({ index }) => index));
}

/** The relations that are locked by what is still to be done, with the strongest mode of each. */
function locksOf(planned: readonly PlannedFile[]): Map<string, LockMode> {
  const locks = new Map<string, LockMode>();
  for (const { file, done } of planned) {
    for (const { relation, lock } of effectsLeft(file, done)) {
      const before = locks.get(relation);
      locks.set(relation, before === undefined ? lock : stronger(before, lock));
    }
  }
  return locks;
}

function effectsLeft({ statements }: AnalysedFile, done: ReadonlySet<number>) {
  return statements
    .filter(({ statement }) => !done.has(statement.index))
    .flatMap(({ effects }) => effects.relations.filter(({ preexisting }) => preexisting));
}

/** Between two looks at the counters; a server writes them down once a second. */
const SAMPLE_MS = 1_500;

async function tableFacts(read: Reading, relations: readonly string[]): Promise<PlannedTable[]> {
  if (relations.length === 0) return [];
  const first = await readNow(read, relations);
  if (first.tables.length > 0) await sleep(SAMPLE_MS);
  const second = first.tables.length > 0 ? await readNow(read, relations) : first;
  const seconds = second.at - first.at;
  return relations.map((relation) => {
    const facts = second.tables.find((table) => table.relation === relation) ?? null;
    const before = first.tables.find((table) => table.relation === relation)?.counters ?? null;
    return {
      relation,
      facts,
      since: second.since,
      average:
        facts === null || second.secondsSince === null ? null : perSecond(facts.counters, null, second.secondsSince),
      now: facts === null || before === null ? null : perSecond(facts.counters, before, seconds),
    };
  });
}

function perSecond(
  after: TableReading['tables'][number]['counters'],
  before: typeof after | null,
  seconds: number,
): typeof after {
  // Counters go back when someone resets them.
  const rate = (key: keyof typeof after) =>
    seconds <= 0 ? 0 : Math.max(0, Math.round(((after[key] - (before?.[key] ?? 0)) / seconds) * 10) / 10);
  return { inserts: rate('inserts'), updates: rate('updates'), deletes: rate('deletes'), reads: rate('reads') };
}

async function readNow(read: Reading, relations: readonly string[]): Promise<TableReading> {
  try {
    return await read(async (session) => {
      await session.exec(`SET LOCAL lock_timeout = '100ms'`);
      return readTables(session, relations, 'sizes');
    });
  } catch (error) {
    if (sqlstate(error) !== SQLSTATE.lock_not_available && sqlstate(error) !== SQLSTATE.query_canceled) throw error;
    return read((session) => readTables(session, relations, 'estimates'));
  }
}
