import { beforeAll, expect, test } from 'vitest';
import { rules } from '../../rules/index.ts';
import { emptyCatalog } from '../../src/catalog/catalog.ts';
import { analyse } from '../../src/lint/engine.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';

beforeAll(loadParser);

const BEFORE = `
  CREATE TABLE users (id bigint PRIMARY KEY, email text);
  CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, total numeric);
  CREATE TABLE parts (day date) PARTITION BY LIST (day);
  CREATE TABLE parts_one PARTITION OF parts DEFAULT;`;

/** `line: rule relations` of what is found in the second file about its transactions. */
function lint(sql: string, wanted: readonly string[] = ['lock-held-during-work', 'several-tables-locked']): string[] {
  const scripts = [parseScript('1.sql', BEFORE), parseScript('2.sql', sql)];
  const [, file] = analyse(scripts, emptyCatalog(), {
    rules,
    severities: { 'several-tables-locked': 'warning' },
    version: 18,
  });
  return (file?.findings ?? []).flatMap(({ rule, relations, range }) =>
    wanted.includes(rule) ? [`${file?.script.source.position(range.start).line}: ${rule} ${relations.join(' ')}`] : [],
  );
}

test('a lock is held to the end of its transaction and no longer', () => {
  const add = 'ALTER TABLE users ADD COLUMN a int;';
  const fill = 'UPDATE users SET a = 1;';
  expect(lint(`${add}\n${fill}`)).toEqual(['2: lock-held-during-work public.users']);
  expect(lint(`BEGIN; ${add} COMMIT;\n${fill}`)).toEqual([]);
  expect(lint(`-- tiptoe:transaction none\n${add}\n${fill}`)).toEqual([]);
  expect(lint(`${fill}\n${add}`)).toEqual([]);
});

test('what is held is said once, with all that is held', () => {
  expect(
    lint(`ALTER TABLE users ADD COLUMN a int;
          ALTER TABLE orders ADD COLUMN a int;
          UPDATE users SET a = 1;
          UPDATE orders SET a = 1;`),
  ).toEqual([
    '2: several-tables-locked public.users public.orders',
    '3: lock-held-during-work public.users public.orders',
  ]);
});

test('work under the lock of its own statement is that statement’s hazard', () => {
  expect(lint('ALTER TABLE users ADD COLUMN a int;\nALTER TABLE users ADD CHECK (id > 0);')).toEqual([]);
  expect(lint('ALTER TABLE users ADD COLUMN a int;\nCREATE INDEX ON orders (total);')).toEqual([]);
});

test('a table, its partitions, its indexes and its foreign keys are locked together', () => {
  expect(lint('ALTER TABLE parts ADD COLUMN a int;\nALTER TABLE parts_one SET (fillfactor = 90);')).toEqual([]);
  expect(lint('ALTER TABLE parts_one ADD COLUMN b int;\nALTER TABLE parts ADD COLUMN a int;')).toEqual([]);
  expect(lint('ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID;')).toEqual([]);
});

test('a third table is not said again, nor one that is gone', () => {
  expect(
    lint(`ALTER TABLE users ADD COLUMN a int;
          ALTER TABLE orders ADD COLUMN a int;
          ALTER TABLE parts ADD COLUMN a int;`),
  ).toEqual(['2: several-tables-locked public.users public.orders']);
  expect(lint('DROP TABLE users;\nALTER TABLE orders ADD COLUMN a int;')).toEqual([]);
});

test('rows that come from nowhere or are named by a key are no work', () => {
  const add = 'ALTER TABLE users ADD COLUMN a int;';
  expect(lint(`${add}\nINSERT INTO users VALUES (1, '');`)).toEqual([]);
  expect(lint(`${add}\nINSERT INTO users SELECT 1, '';`)).toEqual([]);
  expect(lint(`${add}\nUPDATE users SET a = 1 WHERE id IN (1, 2) AND email > '';`)).toEqual([]);
  expect(lint(`${add}\nUPDATE users SET a = 1 WHERE id = 1 OR id = 2;`)).toEqual([]);
  expect(lint(`${add}\nUPDATE users SET a = n.a FROM (VALUES (1, 2)) n (id, a) WHERE users.id = n.id;`)).toEqual([]);
  expect(lint(`${add}\nUPDATE users SET a = 1 WHERE id = (SELECT user_id FROM orders WHERE orders.id = 7);`)).toEqual(
    [],
  );
  expect(
    lint(
      `${add}\nUPDATE users SET a = 1 WHERE id = (SELECT o.user_id FROM orders o WHERE o.id = 7 AND o.id = users.id);`,
    ),
  ).toHaveLength(1);
  expect(lint(`${add}\nUPDATE users SET a = 1 WHERE id = 1 OR email = '';`)).toHaveLength(1);
  expect(lint(`${add}\nUPDATE users SET a = 1 WHERE id = (SELECT max(user_id) FROM orders);`)).toHaveLength(1);
  expect(lint(`${add}\nINSERT INTO users SELECT user_id FROM orders WHERE id = 3;`)).toEqual([]);
  expect(lint(`${add}\nINSERT INTO users SELECT user_id FROM orders;`)).toHaveLength(1);
});

test('rows that migrations write themselves make a lookup table', () => {
  const rename = "UPDATE kinds SET title = 'Small' WHERE name = 'small';";
  const before = (rows: number): string =>
    `CREATE TABLE kinds (id bigint PRIMARY KEY, name text, title text);${"INSERT INTO kinds VALUES (1, 'small', '');".repeat(rows)}`;
  const found = (rows: number, sql: string): string[] => {
    const scripts = [parseScript('1.sql', before(rows)), parseScript('2.sql', sql)];
    const [, file] = analyse(scripts, emptyCatalog(), { rules, severities: {}, version: 18 });
    return (file?.findings ?? []).map(({ rule }) => rule);
  };
  expect(found(1, rename)).toEqual(['unbatched-write']);
  expect(found(3, rename)).toEqual([]);
  expect(found(3, "UPDATE kinds SET title = 'Any';")).toEqual(['unbatched-write']);
});

test('what is partitioned is reindexed and clustered in a transaction for each partition', () => {
  const rules = ['concurrently-in-transaction', 'mixed-transaction'];
  expect(lint('BEGIN;\nREINDEX TABLE parts;\nCOMMIT;', rules)).toEqual([
    '2: concurrently-in-transaction public.parts public.parts_one',
  ]);
  expect(lint('BEGIN;\nREINDEX TABLE orders;\nCOMMIT;', rules)).toEqual([]);
  expect(lint('ALTER TABLE orders ADD note text;\nCLUSTER parts USING i;\nREINDEX TABLE parts;', rules)).toEqual([
    '2: mixed-transaction public.parts',
  ]);
});
