import { expect, test } from 'vitest';
import { hideSecrets, maskSecrets, maskSecretsOf } from '../../src/postgres/secrets.ts';

test.each([
  // URLs
  ['postgres://app:s3cret@db.example.com:5432/shop', 'postgres://app:***@db.example.com:5432/shop'],
  [
    'could not reach postgresql://app:s3cret@db/shop, giving up',
    'could not reach postgresql://app:***@db/shop, giving up',
  ],
  ['postgres://app:s3c%40ret@db/shop', 'postgres://app:***@db/shop'],
  ['postgres://app:s3c@r/et@db/shop', 'postgres://app:***@db/shop'],
  ['postgres://:s3cret@db/shop', 'postgres://:***@db/shop'],
  [
    'postgres://db/shop?user=app&password=s3cret&sslmode=require',
    'postgres://db/shop?user=app&password=***&sslmode=require',
  ],
  ['postgres://db/shop?sslpassword=s3cret', 'postgres://db/shop?sslpassword=***'],
  [
    "SELECT dblink('postgres://app:s3cret@db/shop', 'SELECT 1')",
    "SELECT dblink('postgres://app:***@db/shop', 'SELECT 1')",
  ],
  // connection strings
  ['host=db user=app password=s3cret dbname=shop', 'host=db user=app password=*** dbname=shop'],
  ['host=db password = s3cret dbname=shop', 'host=db password = *** dbname=shop'],
  [String.raw`password='s3 c\'ret' dbname=shop`, 'password=*** dbname=shop'],
  ['PGPASSWORD=s3cret psql', 'PGPASSWORD=*** psql'],
  ['PGPASSWORD="s3 cret" psql', 'PGPASSWORD=*** psql'],
  [
    "CREATE SUBSCRIPTION s CONNECTION 'host=db password=s3cret dbname=shop' PUBLICATION p",
    "CREATE SUBSCRIPTION s CONNECTION 'host=db password=*** dbname=shop' PUBLICATION p",
  ],
  [
    "CREATE SUBSCRIPTION s CONNECTION 'dbname=shop password=s3cret' PUBLICATION p",
    "CREATE SUBSCRIPTION s CONNECTION 'dbname=shop password=***' PUBLICATION p",
  ],
  [
    "CREATE SUBSCRIPTION s CONNECTION 'password=''s3 cret'' dbname=shop' PUBLICATION p",
    "CREATE SUBSCRIPTION s CONNECTION 'password=*** dbname=shop' PUBLICATION p",
  ],
  [
    "CREATE SUBSCRIPTION s CONNECTION 'password=it''s dbname=shop' PUBLICATION p",
    "CREATE SUBSCRIPTION s CONNECTION 'password=*** dbname=shop' PUBLICATION p",
  ],
  [
    String.raw`SELECT dblink_connect(E'host=db password=\'s3 cret\' dbname=shop')`,
    "SELECT dblink_connect(E'host=db password=*** dbname=shop')",
  ],
  // role DDL
  ["CREATE ROLE app LOGIN PASSWORD 's3cret';", "CREATE ROLE app LOGIN PASSWORD '***';"],
  [
    "ALTER USER app WITH ENCRYPTED PASSWORD 's3''cret' VALID UNTIL '2030-01-01'",
    "ALTER USER app WITH ENCRYPTED PASSWORD '***' VALID UNTIL '2030-01-01'",
  ],
  ["alter role app unencrypted password's3cret'", "alter role app unencrypted password'***'"],
  [String.raw`CREATE ROLE app PASSWORD E's3\'cret' LOGIN`, "CREATE ROLE app PASSWORD '***' LOGIN"],
  [
    String.raw`CREATE ROLE app PASSWORD 's3cret\' LOGIN; SELECT 'x'`,
    "CREATE ROLE app PASSWORD '***' LOGIN; SELECT 'x'",
  ],
  [String.raw`CREATE ROLE app PASSWORD U&'s3\0063ret'`, "CREATE ROLE app PASSWORD '***'"],
  ['CREATE ROLE app PASSWORD $$s3$cret$$ LOGIN', "CREATE ROLE app PASSWORD '***' LOGIN"],
  ['CREATE ROLE app PASSWORD $pw$s3$$cret$pw$ LOGIN', "CREATE ROLE app PASSWORD '***' LOGIN"],
  ["CREATE ROLE app PASSWORD\n  's3'\n  'cret' LOGIN", "CREATE ROLE app PASSWORD\n  '***' LOGIN"],
  ["CREATE ROLE app PASSWORD /* new */ -- really\n 's3cret'", "CREATE ROLE app PASSWORD /* new */ -- really\n '***'"],
  [
    "CREATE ROLE a PASSWORD 'one'; CREATE ROLE b PASSWORD 'two';",
    "CREATE ROLE a PASSWORD '***'; CREATE ROLE b PASSWORD '***';",
  ],
  ["ALTER ROLE app PASSWORD 's3cret that was cut of", "ALTER ROLE app PASSWORD '***'"],
  [
    `DO $$ BEGIN EXECUTE 'ALTER ROLE app PASSWORD ''s3cret'' LOGIN'; END $$`,
    `DO $$ BEGIN EXECUTE 'ALTER ROLE app PASSWORD '***' LOGIN'; END $$`,
  ],
  [
    `EXECUTE 'EXECUTE ''ALTER ROLE app PASSWORD ''''s3cret'''' LOGIN'''`,
    `EXECUTE 'EXECUTE ''ALTER ROLE app PASSWORD '***' LOGIN'''`,
  ],
  [String.raw`EXECUTE E'ALTER ROLE app PASSWORD \'s3cret\''`, `EXECUTE E'ALTER ROLE app PASSWORD '***''`],
  ["ALTER ROLE app PASSWORD '' VALID UNTIL '2030-01-01'", "ALTER ROLE app PASSWORD '***' VALID UNTIL '2030-01-01'"],
  // OPTIONS
  [
    "CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'app', password 's3cret')",
    "CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'app', password '***')",
  ],
  [
    `ALTER USER MAPPING FOR app SERVER s OPTIONS (SET "password" 's3cret')`,
    `ALTER USER MAPPING FOR app SERVER s OPTIONS (SET "password" '***')`,
  ],
  ['{"user":"app","password":"s3\\"cret"}', '{"user":"app","password":"***"}'],
])('%s', (text, masked) => {
  expect(maskSecrets(text)).toBe(masked);
});

test.each([
  'ALTER ROLE app PASSWORD NULL',
  'ALTER TABLE users ADD COLUMN password text',
  "COMMENT ON COLUMN users.password IS 'bcrypt'",
  'postgres://db.example.com:5432/shop',
  'postgres://app@db.example.com/shop?application_name=a',
  'the password for the role app is wrong',
])('leaves %s alone', (text) => {
  expect(maskSecrets(text)).toBe(text);
});

test.each([
  ["ALTER ROLE app PASSWORD\n 's3cret' nope", 'ALTER ROLE app PASSWORD\n ******** nope'],
  ["ALTER ROLE app PASSWORD 's3\n cret' nope", 'ALTER ROLE app PASSWORD ***\n****** nope'],
  ['postgres://app:s3cret@db/shop', 'postgres://app:******@db/shop'],
])('hides the password in %j, and all else stays in its place', (text, hidden) => {
  expect(hideSecrets(text)).toBe(hidden);
});

test('a message that quotes a password of its statement does not tell it', () => {
  const source = "CREATE ROLE app PASSWORD 's3cret' LOGIN";
  expect(maskSecretsOf(source, `syntax error at or near "'s3cret'"`)).toBe(`syntax error at or near "'***'"`);
});
