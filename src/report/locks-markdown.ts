import { emptyCatalog } from '../catalog/catalog.ts';
import { analyse } from '../lint/engine.ts';
import { blocksReads, blocksWrites, conflicts, LOCK_MODES, type LockMode, sqlLockMode } from '../postgres/lock-mode.ts';
import { parseScript } from '../sql/script.ts';

/** What stands before the statements of the page. */
const SCHEMA = `CREATE TABLE users (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, total numeric, CONSTRAINT positive CHECK (total > 0) NOT VALID);
CREATE INDEX orders_total ON orders (total);`;

/** Statements that people know, and that take a lock of each kind. */
const STATEMENTS = [
  'SELECT * FROM orders',
  'SELECT * FROM orders FOR UPDATE',
  'INSERT INTO orders (id) VALUES (1)',
  'UPDATE orders SET total = 0 WHERE id = 1',
  'DELETE FROM orders WHERE id = 1',
  'VACUUM orders',
  'ANALYZE orders',
  'CREATE INDEX CONCURRENTLY ON orders (user_id)',
  'ALTER TABLE orders VALIDATE CONSTRAINT positive',
  'CREATE STATISTICS orders_stats ON user_id, total FROM orders',
  'CREATE INDEX ON orders (user_id)',
  'REINDEX TABLE orders',
  'CREATE TRIGGER seen AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
  'ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID',
  'ALTER TABLE orders ADD COLUMN note text',
  'ALTER TABLE orders ALTER COLUMN total SET NOT NULL',
  'ALTER TABLE orders ALTER COLUMN total TYPE integer',
  'ALTER TABLE orders RENAME COLUMN total TO amount',
  'DROP INDEX orders_total',
  'DROP TABLE orders',
  'TRUNCATE orders',
  'VACUUM FULL orders',
  'LOCK TABLE orders IN EXCLUSIVE MODE',
  'DROP INDEX CONCURRENTLY orders_total',
];

/** `docs/locks.md`: which locks shut each other out, and what takes them. The parser has to be loaded. */
export function locksMarkdown(version: number): string {
  const taken = statementsByLock(version);
  return [
    '<!-- Generated from src/postgres by `npm run docs`. -->',
    '# Locks',
    '',
    'Who wants a lock waits until nobody else holds, or has asked before for, one that shuts it out. What waits for a strong lock therefore holds up',
    'all that comes after it, even where the lock itself would be held for a moment: `tiptoe apply` looks before it queues, and gives up in milliseconds.',
    '',
    'Locks of tables are held to the end of the transaction. `✗`: the two shut each other out.',
    '',
    `| | ${LOCK_MODES.map(sqlLockMode).join(' | ')} |`,
    `| --- |${LOCK_MODES.map(() => ' --- |').join('')}`,
    ...LOCK_MODES.map(
      (mode) =>
        `| **${sqlLockMode(mode)}** | ${LOCK_MODES.map((other) => (conflicts(mode, other) ? '✗' : '')).join(' | ')} |`,
    ),
    '',
    `What takes them, on \`orders\`, by PostgreSQL ${version}; \`tiptoe explain\` says it of any statement.`,
    '',
    ...LOCK_MODES.flatMap((mode) => [
      `## ${sqlLockMode(mode)}`,
      '',
      `\`${mode}\` in \`pg_locks\`. ${heldUp(mode)}`,
      '',
      ...statementsOf(taken.get(mode) ?? []),
    ]),
    'Source: <https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES>',
    '',
  ].join('\n');
}

function heldUp(mode: LockMode): string {
  if (blocksReads(mode)) return 'It holds up reads (SELECT) and writes.';
  if (blocksWrites(mode)) return 'It holds up writes (INSERT, UPDATE, DELETE), and lets reads through.';
  const others = LOCK_MODES.filter((other) => conflicts(mode, other));
  return `It lets reads and writes through, and is held up by ${others.map(sqlLockMode).join(', ')}.`;
}

function statementsOf(found: readonly string[]): string[] {
  return found.length === 0 ? [] : ['```sql', ...found.map((sql) => `${sql};`), '```', ''];
}

function statementsByLock(version: number): Map<LockMode, string[]> {
  const byLock = new Map<LockMode, string[]>();
  for (const sql of STATEMENTS) {
    const scripts = [parseScript('before.sql', SCHEMA), parseScript('statement.sql', `${sql};`)];
    const statement = analyse(scripts, emptyCatalog(), { rules: [], severities: {}, version })[1]?.statements[0];
    const effect = statement?.effects.relations.find(({ relation }) => relation === 'public.orders');
    if (effect === undefined) throw new Error(`${sql} takes no lock on orders`);
    byLock.set(effect.lock, [...(byLock.get(effect.lock) ?? []), sql]);
  }
  return byLock;
}
