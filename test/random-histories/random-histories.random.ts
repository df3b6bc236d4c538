import { array, constantFrom, nat, record, sample } from 'fast-check';
import { beforeAll, expect, inject, test } from 'vitest';
import { type Catalog, emptyCatalog } from '../../src/catalog/catalog.ts';
import { copyCatalog } from '../../src/catalog/copy.ts';
import { fold } from '../../src/catalog/fold.ts';
import type { Session } from '../../src/db/session.ts';
import { isSqlFailure } from '../../src/db/errors.ts';
import { effects } from '../../src/effects/effects.ts';
import { runStatement } from '../../src/effects/run-code.ts';
import { runsAlone } from '../../src/effects/transaction.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';
import { comparable } from '../support/comparable.ts';
import { testDatabase } from '../support/database.ts';
import { observe, type Observed } from '../support/observe.ts';
import { observeOutside } from '../support/observe-outside.ts';
import { ACTIONS, COMMANDS, missing } from '../support/kinds.ts';
import { Draw, NothingToChoose } from './draw.ts';
import { OBJECT_MAKERS } from './object-makers.ts';
import { TABLE_MAKERS } from './table-makers.ts';

/**
 * Random histories, each executed and compared with what the effects say, statement by statement. TIPTOE_SEED draws others, and TIPTOE_HISTORIES
 * as many as are wanted. A history in which they disagree is shrunk to the few statements that it takes.
 */
const SEED = Number(process.env['TIPTOE_SEED'] ?? 20261122);
const HISTORIES = Number(process.env['TIPTOE_HISTORIES'] ?? 60);
const STATEMENTS = 60;
const WANTED = 35 * HISTORIES;
/** How many disagreements are shrunk: each takes some dozen histories. */
const SHRUNK = 10;

const MAKERS = { ...TABLE_MAKERS, ...OBJECT_MAKERS };
/** What others need. */
const OFTEN = [
  'create table',
  'create table',
  'create table',
  'create partitioned table',
  'create table partition of',
  'create table partition of',
  'attach partition',
  'attach partition',
  'add generated, then change it',
  'add generated, then change it',
];
const START = `
CREATE SCHEMA other;
CREATE TABLE public.base (id int PRIMARY KEY, note text);
CREATE TABLE public.log (id bigint GENERATED ALWAYS AS IDENTITY, note text);
CREATE TYPE public.pair AS (a int, b text);
CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION public.f0() RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 1; END';
INSERT INTO public.base VALUES (1, 'x');
CREATE PROCEDURE public.note() LANGUAGE sql AS 'INSERT INTO public.log (note) VALUES (1)';
CREATE PROCEDURE public.stop() LANGUAGE plpgsql AS 'BEGIN LOCK TABLE public.log IN SHARE MODE; END';
CREATE PUBLICATION tiptoe;
CREATE PUBLICATION tiptoe_old;
CREATE PUBLICATION tiptoe_older;
CREATE STATISTICS public.known ON id, note FROM public.log;
CREATE SCHEMA z1;
CREATE SCHEMA z2;
CREATE SCHEMA z3;
SET TimeZone = 'Europe/Berlin';
`;

const database = testDatabase();
const version = inject('serverVersion');
const executed = new Map<string, number>();
const refused = new Map<string, number>();
const kinds = new Map<string, number>();

beforeAll(loadParser);

test(`${HISTORIES} histories do what the effects say`, { timeout: 600_000 }, async () => {
  const step = record({
    maker: constantFrom(...Object.keys(MAKERS), ...OFTEN),
    numbers: array(nat(9_999), { minLength: 12, maxLength: 12 }),
  });
  const history = array(step, { minLength: STATEMENTS, maxLength: STATEMENTS });
  const found = new Map<string, Disagreement>();
  for (const steps of sample(history, { seed: SEED, numRuns: HISTORIES })) {
    for (const disagreement of await play((catalog, index) => draw(catalog, index, steps[index]), steps.length)) {
      const signature = `${disagreement.maker} ${difference(disagreement).replaceAll(/\w+\.\w+/g, 'relation')}`;
      if (!found.has(signature)) found.set(signature, disagreement);
    }
  }
  console.log(report());
  const shrunk: Disagreement[] = [];
  for (const disagreement of [...found.values()].slice(0, SHRUNK)) shrunk.push(await shrink(disagreement));
  const rest = [...found.values()].slice(SHRUNK);
  expect(
    [...shrunk, ...rest.map((disagreement) => ({ ...disagreement, history: disagreement.history.slice(-1) }))]
      .map(show)
      .join('\n\n'),
  ).toBe('');
  const seen = (prefix: string) =>
    new Set([...kinds.keys()].filter((kind) => kind.startsWith(prefix)).map((kind) => kind.slice(prefix.length)));
  expect([...missing(ACTIONS, seen('')), ...missing(COMMANDS, seen('alter-table: '))]).toEqual([]);
  expect([...executed.values()].reduce((a, b) => a + b, 0)).toBeGreaterThanOrEqual(WANTED);
});

interface Step {
  readonly maker: string;
  readonly numbers: readonly number[];
}

interface Drawn {
  readonly maker: string;
  readonly sql: string;
}

interface Disagreement extends Drawn {
  /** The statements up to this one. */
  readonly history: readonly Drawn[];
  readonly expected: readonly string[];
  readonly observed: readonly string[];
}

/** Executes a history in an empty database; a statement that the server refuses is no part of it. */
async function play(next: (catalog: Catalog, index: number) => Drawn | null, length: number): Promise<Disagreement[]> {
  // What waits for its own fence is given up.
  const session = await database.session(database.adminUrl, { settings: { statement_timeout: '10s' } });
  const watcher = await database.session(database.adminUrl);
  let catalog = emptyCatalog();
  catalog.whole = true;
  const history: Drawn[] = [];
  const found: Disagreement[] = [];
  try {
    await reset(session);
    await session.exec(START);
    for (const { action } of parseScript('start.sql', START).statements) fold(catalog, action);
    for (let index = 0; index < length; index += 1) {
      const drawn = next(catalog, index);
      if (drawn === null) continue;
      const outcome = await compare(session, watcher, catalog, drawn);
      if (outcome === null) continue;
      history.push(drawn);
      catalog = outcome.after;
      if (outcome.expected.join() !== outcome.observed.join())
        found.push({ ...drawn, expected: outcome.expected, observed: outcome.observed, history: [...history] });
    }
  } finally {
    await session.close();
    await watcher.close();
  }
  return found;
}

/** Leaves out what it can while the last statement still disagrees. */
async function shrink(disagreement: Disagreement): Promise<Disagreement> {
  let smallest = disagreement;
  for (let size = Math.ceil(smallest.history.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = Math.max(0, smallest.history.length - 1 - size); ; from -= size) {
      const start = Math.max(0, from);
      const end = Math.min(start + size, smallest.history.length - 1);
      const kept = smallest.history.filter((_, index) => index < start || index >= end);
      const found = await play((_, index) => kept[index] ?? null, kept.length);
      const same = found.find(({ history, sql }) => sql === disagreement.sql && history.length === kept.length);
      if (same !== undefined) smallest = same;
      if (start === 0) break;
    }
  }
  return smallest;
}

function show(disagreement: Disagreement): string {
  return `${disagreement.history.map(({ sql }) => `${sql};`).join('\n')}\n${difference(disagreement)}`;
}

function difference({ expected, observed }: Disagreement): string {
  const differing = (lines: readonly string[], others: readonly string[]): string =>
    lines.filter((line) => !others.includes(line)).join(', ') || 'nothing more';
  return `  said: ${differing(expected, observed)}\n  done: ${differing(observed, expected)}`;
}

function draw(catalog: Catalog, index: number, step: Step | undefined): Drawn | null {
  if (step === undefined) return null;
  try {
    const sql = MAKERS[step.maker]?.(new Draw(catalog, index, step.numbers)) ?? null;
    return sql === null ? null : { maker: step.maker, sql };
  } catch (error) {
    if (error instanceof NothingToChoose) return null;
    throw error;
  }
}

/** Null for a statement that the server refuses. */
async function compare(
  session: Session,
  watcher: Session,
  catalog: Catalog,
  { maker, sql }: Drawn,
): Promise<{ after: Catalog; expected: string[]; observed: string[] } | null> {
  const [statement] = parseScript('random.sql', sql).statements;
  if (statement === undefined) throw new Error(`not parsed: ${sql}`);
  const { action } = statement;
  const after = copyCatalog(catalog);
  const predicted = runStatement(
    after,
    action,
    (step) => effects(step, after, version),
    () => {},
  );
  let seen: Observed[];
  try {
    seen = runsAlone(action)
      ? await observeOutside(session, watcher, sql)
      : await observe(session, sql, { keep: true });
  } catch (error) {
    if (!isSqlFailure(error)) throw error;
    count(refused, maker);
    return null;
  }
  count(executed, maker);
  count(kinds, action.kind);
  if (action.kind === 'alter-table') for (const { kind } of action.commands) count(kinds, `alter-table: ${kind}`);
  const { expected, observed } = comparable(action, predicted, seen, { rowless: true });
  return predicted.notUnderstood === null
    ? { after, expected, observed }
    : { after, expected: [...expected, predicted.notUnderstood], observed };
}

async function reset(session: Session): Promise<void> {
  const rows = await session.query<{ drop: string }>(`
    SELECT format('DROP SCHEMA %I CASCADE', nspname) AS drop FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    UNION ALL SELECT format('DROP PUBLICATION %I', pubname) FROM pg_publication`);
  await session.exec(['BEGIN', ...rows.map(({ drop }) => drop), 'CREATE SCHEMA public', 'COMMIT'].join(';\n'));
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function report(): string {
  const lines = [...kinds]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, times]) => `${String(times).padStart(6)}  ${kind}`);
  const never = Object.keys(MAKERS).filter((maker) => !executed.has(maker));
  return [
    `executed, by kind of action (seed ${SEED}):`,
    ...lines,
    `refused by the server: ${[...refused.values()].reduce((a, b) => a + b, 0)}`,
    `never executed: ${never.join(', ') || 'none'}`,
  ].join('\n');
}
