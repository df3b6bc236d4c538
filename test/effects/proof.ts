import { randomBytes } from 'node:crypto';
import { beginFile, type Catalog, emptyCatalog } from '../../src/catalog/catalog.ts';
import { fold } from '../../src/catalog/fold.ts';
import { openSession, type Session, withSession } from '../../src/db/session.ts';
import { advance } from '../../src/effects/effects.ts';
import { runsAlone } from '../../src/effects/transaction.ts';
import type { Action } from '../../src/sql/action.ts';
import type { Script } from '../../src/sql/statement.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';
import { comparable } from '../support/comparable.ts';
import type { Effects } from '../../src/effects/effect.ts';
import { connectionTo, databaseUrl } from '../support/database.ts';
import { observe, type Observed } from '../support/observe.ts';
import { observeOutside } from '../support/observe-outside.ts';
import { SCHEMA } from './shapes/schema.ts';
import type { Shape } from './shapes/shape.ts';

/** What effects say of a shape, and what the server did, as lines that can be compared. */
export interface Answer {
  readonly expected: readonly string[];
  readonly observed: readonly string[];
}

const TABLESPACE = 'shapes_space';

/** Asks one server. */
export interface Proof {
  ask(shape: Shape): Promise<Answer>;
  close(): Promise<void>;
}

/** Makes the schema of all shapes on a server, as a superuser, in databases of its own. */
export async function openProof(serverUrl: string, version: number): Promise<Proof> {
  await loadParser();
  const id = randomBytes(5).toString('hex');
  const template = `shapes_${id}`;
  const admin = await openSession(connectionTo(serverUrl), { applicationName: 'tiptoe proof' });
  await admin.exec(`CREATE DATABASE ${template} TEMPLATE template0`);
  await withSession(connectionTo(databaseUrl(serverUrl, template)), { applicationName: 'tiptoe proof' }, (session) =>
    session.exec(SCHEMA),
  );

  await makeTablespace(admin);

  const open = (database: string): Promise<Session> =>
    openSession(connectionTo(databaseUrl(serverUrl, database)), {
      applicationName: 'tiptoe proof',
      // Not UTC, which would make some type changes free.
      settings: { TimeZone: 'Europe/Berlin' },
    });
  const copy = async (name: string): Promise<Session> => {
    await admin.exec(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    return open(name);
  };
  const common = await copy(`${template}_common`);

  return {
    async ask(shape) {
      const { sql, before = '', sameFile = '' } = shape;
      const [statement] = parseScript('shape.sql', sql).statements;
      if (statement === undefined) throw new Error(`not parsed: ${sql}`);
      const { action } = statement;
      const alone = shape.alone === true || runsAlone(action);
      if (before === '' && sameFile === '' && !alone) {
        const seen = await observe(common, sql, { keep: false });
        return answer(action, advance(catalogAfter(shape), action, version), seen, { alone });
      }
      const name = `${template}_own`;
      const session = await copy(name);
      const watcher = await open(name);
      try {
        for (const text of [before, sameFile]) await session.exec(text);
        const seen = alone ? await observeOutside(session, watcher, sql) : await observe(session, sql, { keep: false });
        return answer(action, advance(catalogAfter(shape), action, version), seen, { alone });
      } finally {
        await watcher.close();
        await session.close();
        await admin.exec(`DROP DATABASE ${name} WITH (FORCE)`);
      }
    },
    async close() {
      await common.close();
      for (const name of [`${template}_common`, template]) await admin.exec(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.close();
    },
  };
}

let schema: Script | undefined;

/** Somewhere for SET TABLESPACE to copy to; its folder has to be there, and only the server may be able to make it. */
async function makeTablespace(admin: Session): Promise<void> {
  const [found] = await admin.query<{ folder: string; there: boolean }>(`
    SELECT current_setting('data_directory') || '/${TABLESPACE}' AS folder,
           EXISTS (SELECT FROM pg_tablespace WHERE spcname = '${TABLESPACE}') AS there`);
  if (found === undefined || found.there) return;
  await admin.exec(`COPY (SELECT) TO PROGRAM 'mkdir "${found.folder}"'`);
  await admin.exec(`CREATE TABLESPACE ${TABLESPACE} LOCATION '${found.folder}'`);
}

function catalogAfter({ before = '', sameFile = '' }: Partial<Shape>): Catalog {
  const catalog = emptyCatalog();
  schema ??= parseScript('schema.sql', SCHEMA);
  for (const { statements } of [schema, parseScript('before.sql', before), parseScript('shape.sql', sameFile)]) {
    beginFile(catalog);
    for (const { action } of statements) fold(catalog, action);
  }
  return catalog;
}

function answer(action: Action, predicted: Effects, seen: readonly Observed[], { alone }: { alone: boolean }): Answer {
  const { expected, observed } = comparable(action, predicted, seen, { outside: alone });
  return {
    expected: predicted.notUnderstood === null ? expected : [...expected, `not understood: ${predicted.notUnderstood}`],
    observed,
  };
}
