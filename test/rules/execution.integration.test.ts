import { beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { rules } from '../../rules/index.ts';
import { sqlstate } from '../../src/db/errors.ts';
import type { Session } from '../../src/db/session.ts';
import { runsAlone } from '../../src/effects/transaction.ts';
import type { AnalysedStatement } from '../../src/lint/engine.ts';
import { quoteIdent } from '../../src/postgres/quote.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { testDatabase } from '../support/database.ts';
import { comparable } from '../support/comparable.ts';
import { observe } from '../support/observe.ts';
import { observeOutside } from '../support/observe-outside.ts';
import { analyseHistory } from './example.ts';

const database = testDatabase();
const version = inject('serverVersion');

beforeAll(loadParser);

let session: Session;

beforeEach(async () => {
  // FOR ALL TABLES and TABLES IN SCHEMA are for superusers.
  session = await database.session(database.adminUrl);
  const publications = await session.query<{ name: string }>('SELECT pubname AS name FROM pg_publication');
  for (const { name } of publications) await session.exec(`DROP PUBLICATION ${quoteIdent(name)}`);
  const schemas = await session.query<{ name: string }>(
    "SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'",
  );
  for (const { name } of schemas) await session.exec(`DROP SCHEMA ${quoteIdent(name)} CASCADE`);
  await session.exec('CREATE SCHEMA public');
});

const examplesOf = rules.map(({ name, examples }) => ({
  name,
  examples: [...examples.bad, ...examples.good].filter(
    ({ since = 13, until = 18 }) => since <= version && version <= until,
  ),
}));

describe.each(examplesOf.filter(({ examples }) => examples.length > 0))('$name', ({ examples }) => {
  test.each(examples.filter(({ fails }) => fails === undefined))(
    'does on a server what its effects say: $sql',
    async (example) => {
      const { before, file } = analyseHistory(example, version);
      for (const statement of [...before.statements, ...file.statements]) await expectSameOnServer(statement);
    },
  );

  test.each(examples.filter(({ fails }) => fails !== undefined))(
    'is refused by the server: $sql',
    async ({ before = '', sql, fails }) => {
      for (const { statement } of analyseHistory({ sql: before }, version).file.statements) {
        await session.exec(statement.text);
      }
      expect(await failure(sql)).toBe(fails);
    },
  );
});

/** Statement by statement, as psql does: one message of several statements would be a transaction by itself. */
async function failure(sql: string): Promise<string | undefined> {
  try {
    for (const statement of sql.split(/(?<=;)\n/)) await session.exec(statement);
    return undefined;
  } catch (error) {
    return sqlstate(error);
  }
}

async function expectSameOnServer({ statement, effects }: AnalysedStatement): Promise<void> {
  const { text, action } = statement;
  const seen = runsAlone(action)
    ? await observeOutside(session, await database.session(database.adminUrl), text)
    : await observe(session, text, { keep: true });
  if (effects.notUnderstood !== null) return;
  const { expected, observed } = comparable(action, effects, seen);
  expect(expected, text).toEqual(observed);
}
