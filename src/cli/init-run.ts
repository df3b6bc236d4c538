import { existsSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { rules } from '../../rules/index.ts';
import { type Ci, ciOf, ciWiring, hookWiring, type RepositoryFile } from '../init/ci.ts';
import { rewriteSquawkComments } from '../init/squawk-files.ts';
import { readSquawkToml } from '../init/squawk-toml.ts';
import { translateSquawkConfig } from '../init/squawk-config.ts';
import { type Survey, surveyRepository } from '../init/survey.ts';
import { checkWritable, contentNow, type Proposal, writeProposal } from '../init/write-file.ts';
import { counterparts } from '../lint/find-alias.ts';
import { Problem } from '../problem.ts';
import { lineChanges } from '../report/line-changes.ts';
import { printable } from '../report/printable.ts';
import type { Style } from '../report/style.ts';
import { ask, askLine } from '../terminal/ask.ts';
import { styleFor } from '../terminal/style.ts';
import { findConfig } from './config-file.ts';
import { git } from './git.ts';
import type { InitOptions } from './init.ts';
import { version } from './version.ts';

const CONFIG = 'tiptoe.config.json';

const CHECKSUMS =
  'migrations are changed in comments: a tool that keeps checksums of applied ones (Flyway, Prisma, sqlx, Liquibase, tiptoe apply) notices; git checkout takes that back';

/** What is going to be said and written. */
interface Plan {
  readonly proposals: readonly Proposal[];
  readonly told: readonly string[];
  readonly next: readonly string[];
}

/** `tiptoe init`, from what was asked to the exit code. */
export async function runInit(given: InitOptions, { color }: { readonly color: boolean }): Promise<0> {
  const cwd = process.cwd();
  const isAsking = process.stdin.isTTY && process.stderr.isTTY && !given.yes && !given.dryRun;
  if (!isAsking && !given.yes && !given.dryRun) {
    throw new Problem('standard input is no terminal, so nobody can be asked.', {
      advice: 'Give --yes to write the files, or --dry-run to see them.',
    });
  }
  const survey = surveyRepository(cwd, given.dir);
  if (!survey.hasMigrations) {
    throw new Problem(
      'there are no migrations here: no migration tool, and none of the usual folders with SQL in it.',
      {
        advice: 'Run it where they are, or name the folder that they will be in: tiptoe init --dir migrations.',
      },
    );
  }
  const { proposals, told, next } = await planFor(cwd, survey, given, isAsking);
  for (const line of told) say(line);
  const style = styleFor(process.stdout, { color });
  for (const proposal of proposals) if (contentNow(proposal) !== proposal.text) checkWritable(proposal);
  const written: string[] = [];
  for (const proposal of proposals) {
    if (await settleFile(proposal, given, isAsking, style)) written.push(proposal.shown);
  }
  if (given.dryRun) say('nothing was written (--dry-run).');
  else sayNext(written, next, style);
  return 0;
}

async function planFor(cwd: string, survey: Survey, given: InitOptions, isAsking: boolean): Promise<Plan> {
  const told = survey.tool === null ? [] : [survey.tool];
  const translated = given.from === undefined ? null : await fromSquawk(cwd, survey, given);
  const pgVersion = await serverVersion(survey, given, translated?.config['pgVersion'], told, isAsking);
  const schema = 'node_modules/tiptoe/config.schema.json';
  const config = {
    ...(existsSync(join(cwd, schema)) ? { $schema: `./${schema}` } : {}),
    ...(pgVersion === null ? {} : { pgVersion }),
    ...(survey.dir === null ? {} : { dir: survey.dir }),
    ...(survey.framework === null ? {} : { framework: survey.framework }),
    ...without(translated?.config ?? {}, 'pgVersion'),
  };
  const there = findConfig(['.']);
  const keepsConfig = there !== null && there.shown !== CONFIG;
  if (keepsConfig) told.push(`${there.shown} is the config here, and is kept.`);
  if (keepsConfig && translated !== null)
    told.push(`what .squawk.toml says would be there: ${JSON.stringify(without(translated.config, ''))}`);
  const root = survey.root ?? cwd;
  const inRepository = (file: RepositoryFile): Proposal => ({
    ...file,
    path: join(root, file.path),
    shown: shownPath(cwd, join(root, file.path)),
  });
  const setting = { version, folder: survey.folder };
  const hook = given.hook ? hookOf(survey.root, setting) : null;
  const wirings = [...ciFor(root, given).map((ci) => ciWiring(ci, root, setting)), ...(hook === null ? [] : [hook])];
  if (given.hook && survey.root === null) told.push('this is no git repository, so there is no hook.');
  return {
    proposals: [
      ...(keepsConfig
        ? []
        : [{ path: join(cwd, CONFIG), shown: CONFIG, text: `${JSON.stringify(config, null, 2)}\n` }]),
      ...wirings.flatMap(({ files }) => files.map(inRepository)),
      ...(translated?.proposals ?? []),
    ],
    told: [...told, ...(translated?.told ?? [])],
    next: [...wirings.flatMap(({ next }) => next), ...(translated?.next ?? [])],
  };
}

function without(config: Readonly<Record<string, unknown>>, key: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).filter(([name]) => name !== key));
}

/** The flag, then what the repository says, then what a person at the terminal knows; null where nobody does. */
async function serverVersion(
  { versions }: Survey,
  { pgVersion: asked }: InitOptions,
  translated: unknown,
  told: string[],
  isAsking: boolean,
): Promise<number | null> {
  if (asked !== undefined) return asked;
  if (typeof translated === 'number') return translated;
  const known = versions.filter(({ major }) => major >= 13 && major <= 18);
  const [first] = known;
  for (const { path, major } of versions) {
    if (major < 13 || major > 18) told.push(`${path} has PostgreSQL ${major}; tiptoe knows 13 to 18.`);
    else if (major !== first?.major)
      told.push(`${path} has PostgreSQL ${major}, and ${first?.path} has ${first?.major}, which is taken.`);
  }
  if (first !== undefined) {
    told.push(`PostgreSQL ${first.major}, by ${first.path}`);
    return first.major;
  }
  const major = isAsking ? await askVersion() : null;
  if (major !== null) return major;
  told.push('the version of the server is not known: lint takes 18 until "pgVersion" in the config says otherwise.');
  return null;
}

/** Asks until it is a version that is known, or nothing. */
async function askVersion(): Promise<number | null> {
  for (;;) {
    const answer = await askLine('The major version of your server, 13 to 18 (empty: it is not known) ');
    if (answer === null) throw left();
    if (answer === '') return null;
    if (/^1[3-8]$/.test(answer)) return Number(answer);
    say(`'${answer}' is no version from 13 to 18.`);
  }
}

function left(): Problem {
  return new Problem('left before the end.', {
    exitCode: 3,
    advice: 'What is written stays; tiptoe init asks for the rest again.',
  });
}

/** What squawk's config and comments become. */
async function fromSquawk(
  cwd: string,
  survey: Survey,
  given: InitOptions,
): Promise<Plan & { readonly config: Readonly<Record<string, unknown>> }> {
  const all = counterparts(rules);
  const toml = readSquawkToml(cwd, survey.root);
  const { config, told } = translateSquawkConfig(toml?.content ?? {}, all);
  const { lintFiles } = await import('./analyse.ts');
  const paths = given.dir === undefined ? [] : [given.dir];
  const { files } = await lintFiles(paths, { var: {} }, null);
  const levels: Readonly<Record<string, string>> = config.rules ?? {};
  const rewritten = rewriteSquawkComments(files, all, ({ name, severity }) => (levels[name] ?? severity) === 'off');
  if (toml === null && rewritten.length === 0) {
    throw new Problem('there is no .squawk.toml, here or above, and no comment squawk-ignore in the migrations.', {
      advice: 'Leave out --from squawk.',
    });
  }
  return {
    config,
    proposals: rewritten.map(({ path, text }) => ({ path: join(cwd, path), shown: path, text, edits: true })),
    told: [
      ...(toml === null ? [] : told.map((line) => `${toml.shown}: ${line}`)),
      ...rewritten.flatMap((file) => file.told),
    ],
    next: [
      ...(rewritten.length === 0 ? [] : [CHECKSUMS]),
      ...(toml === null ? [] : [`remove ${toml.shown} and squawk from CI when nobody runs it any more`]),
    ],
  };
}

function ciFor(root: string, { ci }: InitOptions): Ci[] {
  if (ci !== undefined) return ci.filter((name) => name !== 'none');
  return ciOf(root, gitAnswer(root, ['config', '--get', 'remote.origin.url']) ?? '');
}

function hookOf(root: string | null, setting: Parameters<typeof hookWiring>[2]): ReturnType<typeof hookWiring> | null {
  if (root === null) return null;
  const hooks = gitAnswer(root, ['rev-parse', '--git-path', 'hooks']);
  const inside = hooks === null ? null : relative(root, join(isAbsolute(hooks) ? '/' : root, hooks));
  return hookWiring(root, inside === null || inside.startsWith('..') ? null : inside, setting);
}

/** One line; null where git says no, or is not there. */
function gitAnswer(root: string, args: readonly string[]): string | null {
  try {
    const { ok, stdout } = git(root, args);
    return ok ? stdout.trim() : null;
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}

/** Shows a file and asks, as far as that is wanted; true where it was written. */
async function settleFile(proposal: Proposal, given: InitOptions, isAsking: boolean, style: Style): Promise<boolean> {
  const before = contentNow(proposal);
  const { shown, text } = proposal;
  if (before === text) {
    print(`${shown} is as it should be.`);
    return false;
  }
  const isOthers = before !== null && proposal.edits !== true;
  if (isAsking || given.dryRun) show(proposal, before, style);
  if (given.dryRun) {
    if (isOthers && !given.force) print(`${shown} is there and differs: it would be kept (--force replaces it).`);
    return false;
  }
  if (isAsking) {
    const verb = before === null ? 'Write' : proposal.edits === true ? 'Change' : 'It is there and differs. Replace';
    const isWanted = await ask(`${verb} ${printable(shown)}?`);
    if (isWanted === null) throw left();
    if (!isWanted) return false;
  } else if (isOthers && !given.force) {
    print(`${shown} is there and differs: kept (--force replaces it).`);
    return false;
  }
  writeProposal(proposal);
  print(`${before === null ? 'wrote' : proposal.edits === true ? 'changed' : 'replaced'} ${shown}`);
  return true;
}

function show({ shown, text }: Proposal, before: string | null, style: Style): void {
  print(style.bold(printable(shown)));
  const lines =
    before === null
      ? text
          .trimEnd()
          .split('\n')
          .map((line) => `  ${printable(line)}`)
      : lineChanges(before, text, style);
  print(`${lines.join('\n')}\n`);
}

function sayNext(written: readonly string[], next: readonly string[], style: Style): void {
  const steps = [
    'tiptoe lint                   see what it finds',
    'tiptoe lint --write-baseline  accept what is there, and report only what comes later',
    ...(written.length === 0 ? [] : [`commit ${written.filter((path) => !/(?:^|\/)\.git\//.test(path)).join(', ')}`]),
    ...next,
  ];
  print(`\n${style.bold('Next')}\n${steps.map((step) => `  ${step}`).join('\n')}`);
}

function shownPath(cwd: string, path: string): string {
  return relative(cwd, path).split(sep).join('/');
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function say(text: string): void {
  process.stderr.write(`tiptoe: ${printable(text)}\n`);
}
