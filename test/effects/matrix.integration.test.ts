import { beforeAll, describe, expect, inject, test } from 'vitest';
import { emptyCatalog, beginFile, type Catalog } from '../../src/catalog/catalog.ts';
import { fold } from '../../src/catalog/fold.ts';
import type { Session } from '../../src/db/session.ts';
import { effects } from '../../src/effects/effects.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';
import { testDatabase } from '../support/database.ts';
import { observe } from '../support/observe.ts';
import { comparable } from '../support/comparable.ts';
import { SCHEMA, SHAPES } from './shapes.ts';

const database = testDatabase();
const version = inject('serverVersion');
const catalog: Catalog = emptyCatalog();

let session: Session;

beforeAll(async () => {
  await loadParser();
  beginFile(catalog);
  for (const { action } of parseScript('schema.sql', SCHEMA).statements) fold(catalog, action);
  beginFile(catalog);
  const owner = await database.session();
  await owner.exec(`CREATE SCHEMA other; ${SCHEMA}`);
});

describe('effects are what the server does', () => {
  test.each(SHAPES.filter(({ since }) => (since ?? 13) <= version))('$sql', async ({ sql }) => {
    session = await database.session(undefined, { settings: { TimeZone: 'Europe/Berlin' } });
    const [statement] = parseScript('shape.sql', sql).statements;
    if (statement === undefined) throw new Error(`not parsed: ${sql}`);
    const predicted = effects(statement.action, catalog, version);
    const seen = await observe(session, sql, { keep: false });
    expect(predicted.notUnderstood).toBeNull();
    const { expected, observed } = comparable(statement.action, predicted, seen);
    expect(expected, sql).toEqual(observed);
  });
});
