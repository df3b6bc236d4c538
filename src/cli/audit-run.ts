import type { Command } from 'commander';
import { checks as allChecks } from '../audit/all-checks.ts';
import { withoutIgnored, type AuditFinding } from '../audit/audit.ts';
import { type Check, DEFAULT_AUDIT_SETTINGS } from '../audit/check.ts';
import { notChecked } from '../audit/checks/not-checked.ts';
import { overWriteBudget } from '../audit/checks/over-write-budget.ts';
import { emptyCatalog } from '../catalog/catalog.ts';
import { closest } from '../closest.ts';
import { type ConnectionSettings, describe, resolveConnection } from '../db/connection.ts';
import { isConnectionLost } from '../db/errors.ts';
import { type Session, withSession } from '../db/session.ts';
import { readAuditContext, runChecks } from '../inspect/audit.ts';
import { namedBudgets, writeBudgets, type WriteBudgets } from '../lint/write-budgets.ts';
import { Problem } from '../problem.ts';
import { AUDIT_FORMATS } from '../report/audit-formats.ts';
import type { AuditReport } from '../report/audit-report.ts';
import { plainStyle } from '../report/style.ts';
import type { AuditOptions } from './audit.ts';
import type { Config } from './config.ts';
import { configure } from './configure.ts';
import { readScripts } from './input.ts';
import { COMMENT, type Output, readFormats, writeFiles } from './lint-formats.ts';
import { version as toolVersion } from './version.ts';

interface Global {
  readonly color: boolean;
  readonly verbose?: boolean;
}

/** `tiptoe audit`, from what was asked to the exit code. */
export async function runAudit(given: AuditOptions, command: Command): Promise<0 | 1> {
  const global = command.optsWithGlobals<Global>();
  if (given.list) return list(given, global);
  const outputs = await readFormats(given.format ?? ['pretty']);
  const config = await configure(command, ({ dir, apply: { schema } }) => ({ dir, schema }));
  const options = command.opts<AuditOptions>();
  const asked = askedFor(given.check, config);
  const connection = resolveConnection({ databaseUrl: options.databaseUrl, env: process.env });
  const budgets = asked.includes(overWriteBudget) ? await readBudgets(options, config) : { made: [], named: {} };
  const { findings, version } = await withServer(connection, async (session) => {
    const facts = await readAuditContext(session, options.schema);
    const settings = { ...DEFAULT_AUDIT_SETTINGS, ...config.audit.settings };
    return {
      version: facts.version,
      findings: await runChecks(
        session,
        asked,
        { ...facts, settings, budgets },
        {
          teller: notChecked,
          severities: config.audit.severities,
          sampleMs: given.sample ?? null,
        },
      ),
    };
  });
  const ran = new Set([notChecked, ...asked].map(({ name }) => name));
  const sorted = withoutIgnored(findings, config.audit.ignore, given.check === undefined ? ran : new Set(given.check));
  const fails = ({ severity }: AuditFinding): boolean =>
    given.failOn !== 'never' && (severity === 'error' || given.failOn === 'warning');
  const report = {
    ...sorted,
    path: pathOf(connection),
    version,
    checks: asked,
    teller: notChecked,
    toolVersion,
    fails,
  };
  const isQuiet = given.quiet && sorted.findings.length === 0;
  for (const output of outputs) if (output.file === null) await print(output, report, global, isQuiet);
  for (const { check, object } of sorted.stale) {
    process.stderr.write(`tiptoe: audit.ignore: ${check} has nothing to say of '${object}' any more.\n`);
  }
  const problem = await writeFiles(outputs, async (format, room) =>
    (await AUDIT_FORMATS[format]())({ ...report, style: plainStyle, room }),
  );
  if (problem !== null) throw problem;
  return sorted.findings.some(fails) ? 1 : 0;
}

/** With a session; a server that goes away is told in one line. */
async function withServer<T>(connection: ConnectionSettings, work: (session: Session) => Promise<T>): Promise<T> {
  try {
    return await withSession(connection, { applicationName: 'tiptoe: audit' }, work);
  } catch (error) {
    if (!isConnectionLost(error)) throw error;
    throw new Problem(`The connection to ${describe(connection)} was lost during the audit.`, {
      advice: 'Run it again when the server is there.',
      cause: error,
    });
  }
}

/** The checks to run; `not-checked` only tells what others could not see. */
function askedFor(names: readonly string[] | undefined, { audit }: Config): Check[] {
  for (const name of names ?? []) {
    if (allChecks.some((check) => check.name === name)) continue;
    const guess = closest(
      name,
      allChecks.map((check) => check.name),
    );
    throw new Problem(`there is no check '${name}'${guess === null ? '.' : `, did you mean '${guess}'?`}`, {
      advice: 'tiptoe audit --list lists them.',
    });
  }
  return allChecks.filter(
    (check) => check !== notChecked && (names?.includes(check.name) ?? audit.severities[check.name] !== 'off'),
  );
}

/** What tables may be written, by the migrations that are here and the config. */
async function readBudgets(
  { dir, var: given }: AuditOptions,
  { settings, framework, variables }: Pick<Config, 'settings' | 'framework' | 'variables'>,
): Promise<WriteBudgets> {
  const named = namedBudgets(settings);
  const input = await readScripts([], { dir, variables: { ...variables, ...given }, framework, down: false }).catch(
    (error: unknown) => {
      // An audit needs no migrations; those that were named have to be there.
      if (dir === undefined && error instanceof Problem) return null;
      throw error;
    },
  );
  if (input === null) return { made: [], named };
  return { made: writeBudgets(input.scripts(new Set()), emptyCatalog(), settings), named };
}

/** Where lint has the path of a file; no user, no password. */
function pathOf({ host, port, database }: ConnectionSettings): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}/${database}`;
}

async function print(
  { format }: Output,
  report: Omit<AuditReport, 'style' | 'room'>,
  { color, verbose }: Global,
  isQuiet: boolean,
): Promise<void> {
  const render = await AUDIT_FORMATS[format]();
  if (format !== 'pretty') {
    process.stdout.write(render({ ...report, style: plainStyle, room: COMMENT }));
    return;
  }
  if (isQuiet) return;
  const [{ suppressedAudit }, { styleFor }, { wrap }] = await Promise.all([
    import('../report/audit-pretty.ts'),
    import('../terminal/style.ts'),
    import('../terminal/wrap.ts'),
  ]);
  const style = styleFor(process.stdout, { color });
  const said = verbose === true ? suppressedAudit({ ...report, style }) : '';
  const text = said + render({ ...report, style, room: COMMENT });
  const columns = process.stdout.columns;
  process.stdout.write(columns > 0 ? wrap(text, columns) : text);
}

async function list({ format }: AuditOptions, { color }: Global): Promise<0> {
  const [wanted = 'pretty', ...others] = format ?? [];
  if (others.length > 0 || (wanted !== 'pretty' && wanted !== 'json')) {
    throw new Problem('--list is printed as pretty or json.', {
      advice: 'For example: tiptoe audit --list --format json',
    });
  }
  if (wanted === 'json') {
    const shown = allChecks.map(({ name, category, severity, docs }) => ({ name, category, severity, docs }));
    process.stdout.write(`${JSON.stringify(shown)}\n`);
    return 0;
  }
  const [{ checkList }, { styleFor }, { wrap }] = await Promise.all([
    import('../report/audit-checks.ts'),
    import('../terminal/style.ts'),
    import('../terminal/wrap.ts'),
  ]);
  const text = checkList(allChecks, styleFor(process.stdout, { color }));
  process.stdout.write(process.stdout.columns > 0 ? wrap(text, process.stdout.columns) : text);
  return 0;
}
