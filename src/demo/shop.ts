import type { MigrationFile } from '../migrate/discovery.ts';
import type { Request } from './traffic.ts';

/** The shop: what it looks like, what is to change, and how people ask it for things. */

export const CUSTOMERS = 20_000;
const PRODUCTS = 500;
export const ORDERS = 200_000;

export const ROLES = {
  /** Owns the tables and runs tiptoe. */
  owner: 'shop_owner',
  /** The application. */
  app: 'shop_app',
  /** Reads for a long time. */
  report: 'shop_report',
} as const;
export type Role = keyof typeof ROLES;

/** Run by a superuser, once. pg_monitor lets tiptoe say who is in the way. */
export const CREATE_ROLES = `
CREATE ROLE ${ROLES.owner} LOGIN;
CREATE ROLE ${ROLES.app} LOGIN;
CREATE ROLE ${ROLES.report} LOGIN;
GRANT pg_monitor TO ${ROLES.owner};`;

/** Run by a superuser in the new database. */
export const GRANTS = `
ALTER SCHEMA public OWNER TO ${ROLES.owner};
ALTER DEFAULT PRIVILEGES FOR ROLE ${ROLES.owner} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${ROLES.app};
ALTER DEFAULT PRIVILEGES FOR ROLE ${ROLES.owner} GRANT SELECT ON TABLES TO ${ROLES.report};`;

const SCHEMA = `CREATE TABLE customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  email text NOT NULL UNIQUE
);
CREATE TABLE products (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  price numeric(10, 2) NOT NULL
);
CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers,
  product_id bigint NOT NULL REFERENCES products,
  status text NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'paid', 'shipped')),
  total numeric(10, 2) NOT NULL,
  placed_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX orders_by_customer ON orders (customer_id, placed_at);
`;

const UNSAFE = `ALTER TABLE orders ADD COLUMN tracking_id uuid DEFAULT gen_random_uuid();
CREATE INDEX orders_by_tracking_id ON orders (tracking_id);
`;

const ADD_COLUMN = `ALTER TABLE orders ADD COLUMN tracking_id uuid;
ALTER TABLE orders ALTER COLUMN tracking_id SET DEFAULT gen_random_uuid();
`;

export const FILL_COLUMN = 'UPDATE orders SET tracking_id = gen_random_uuid() WHERE tracking_id IS NULL;\n';

const BACKFILL = `-- tiptoe:backfill
-- rate: 30000 rows/s
-- batch-time: 50ms
${FILL_COLUMN}`;

const CREATE_INDEX = `CREATE INDEX CONCURRENTLY orders_by_tracking_id ON orders (tracking_id);
`;

function migration(name: string, text: string): MigrationFile {
  return { path: `migrations/${name}.sql`, name, version: String(Number.parseInt(name, 10)), kind: 'migration', text };
}

export const shopMigration = migration('001_shop', SCHEMA);
export const unsafeMigration = migration('002_tracking', UNSAFE);
const backfillFile: MigrationFile = {
  ...migration('003_tracking', BACKFILL),
  path: 'migrations/003_tracking.backfill.sql',
  kind: 'backfill',
};
/** The same change in three steps. */
export const safeMigrations = {
  addColumn: migration('002_tracking', ADD_COLUMN),
  backfill: backfillFile,
  createIndex: migration('004_tracking_index', CREATE_INDEX),
};

/** Run by a superuser, each in a transaction of its own. */
export const LOAD = [
  `INSERT INTO customers (name, email)
   SELECT 'Customer ' || n, 'customer' || n || '@example.com' FROM generate_series(1, ${CUSTOMERS}) AS n`,
  `INSERT INTO products (name, price)
   SELECT 'Product ' || n, (random() * 190 + 10)::numeric(10, 2) FROM generate_series(1, ${PRODUCTS}) AS n`,
  `INSERT INTO orders (customer_id, product_id, status, total, placed_at)
   SELECT 1 + floor(random() * ${CUSTOMERS}), 1 + floor(random() * ${PRODUCTS}),
          (ARRAY['new', 'paid', 'shipped'])[1 + floor(random() * 3)::int],
          random() * 190 + 10, now() - (${ORDERS} - n) * interval '1 minute'
     FROM generate_series(1, ${ORDERS}) AS n`,
  'VACUUM (ANALYZE) customers, products, orders',
];

interface RequestKind {
  readonly share: number;
  readonly sql: string;
  readonly values: () => readonly number[];
}

const customer = (): number => anyOf(CUSTOMERS);
const order = (): number => anyOf(ORDERS);

const REQUESTS: readonly RequestKind[] = [
  {
    share: 0.5,
    sql: 'SELECT o.status, o.total, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = $1',
    values: () => [order()],
  },
  {
    share: 0.2,
    sql: 'SELECT id, status, total FROM orders WHERE customer_id = $1 ORDER BY placed_at DESC LIMIT 10',
    values: () => [customer()],
  },
  {
    share: 0.2,
    sql: `UPDATE orders SET status = 'shipped', updated_at = now() WHERE id = $1`,
    values: () => [order()],
  },
  {
    share: 0.1,
    sql: 'INSERT INTO orders (customer_id, product_id, total) VALUES ($1, $2, $3)',
    values: () => [customer(), anyOf(PRODUCTS), anyOf(200)],
  },
];

/** What the application asks next: seven reads, two updates and one new order in ten. */
export function nextRequest(): Request {
  let left = Math.random();
  const kind = REQUESTS.find(({ share }) => (left -= share) < 0) ?? REQUESTS[0];
  return { sql: kind?.sql ?? '', values: kind?.values() ?? [] };
}

/** The report that somebody runs at the wrong time. */
export const REPORT = 'SELECT status, count(*), sum(total) FROM orders GROUP BY status';

function anyOf(count: number): number {
  return 1 + Math.floor(Math.random() * count);
}
