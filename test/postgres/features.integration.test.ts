import { beforeEach, describe, expect, inject, test } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import { EXAMPLE_SCHEMA, FEATURES, newerFeatures } from '../../src/postgres/features.ts';
import { testDatabase } from '../support/database.ts';

const database = testDatabase();
const version = inject('serverVersion');

let session: Session;

beforeEach(async () => {
  session = await database.session();
  await session.exec('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  await session.exec(EXAMPLE_SCHEMA);
});

describe.each(FEATURES)('$what', ({ what, since, example }) => {
  test('is told from its example, on older servers only', () => {
    expect(newerFeatures(example, since - 1).map((feature) => feature.what)).toContain(what);
    expect(newerFeatures(example, since)).not.toContainEqual(expect.objectContaining({ what }));
  });

  test('runs on the server if and only if its version has it', async () => {
    const outcome = await session.exec(example).then(
      () => 'runs',
      () => 'is refused',
    );
    expect(outcome).toBe(version >= since ? 'runs' : 'is refused');
  });
});
