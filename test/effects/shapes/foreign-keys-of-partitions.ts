import { type Shapes, withSchema } from './shape.ts';

/** Foreign keys with partitioned tables on either side, to the table itself, and what CASCADE takes. */
export const FOREIGN_KEYS_OF_PARTITIONS: Shapes = [
  ...withSchema(
    {
      before: `
      CREATE TABLE p (id int PRIMARY KEY, x int) PARTITION BY RANGE (id);
      CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
      CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
      CREATE TABLE c (a int NOT NULL, pid int, uid bigint) PARTITION BY RANGE (a);
      CREATE TABLE c1 PARTITION OF c FOR VALUES FROM (0) TO (10);
      CREATE TABLE c2 PARTITION OF c FOR VALUES FROM (10) TO (20);
      CREATE TABLE o (a int NOT NULL, pid int, uid bigint);
      CREATE TABLE solo (id int PRIMARY KEY, self int REFERENCES solo);
      INSERT INTO p VALUES (1), (11);
      INSERT INTO c VALUES (1, 1, 1), (11, 11, 1);
      INSERT INTO o VALUES (21, 1, 1);
      INSERT INTO solo VALUES (1, 1)`,
    },
    [
      'ALTER TABLE c ADD CONSTRAINT f FOREIGN KEY (pid) REFERENCES p',
      'ALTER TABLE c ADD CONSTRAINT f FOREIGN KEY (uid) REFERENCES users',
      'ALTER TABLE o ADD CONSTRAINT f FOREIGN KEY (pid) REFERENCES p',
      'ALTER TABLE o ADD CONSTRAINT f FOREIGN KEY (pid) REFERENCES p NOT VALID',
      'ALTER TABLE c1 ADD CONSTRAINT f FOREIGN KEY (pid) REFERENCES p',
      'ALTER TABLE solo ADD CONSTRAINT g FOREIGN KEY (self) REFERENCES solo',
      'ALTER TABLE solo ADD COLUMN other int REFERENCES solo',
      'ALTER TABLE solo DROP CONSTRAINT solo_self_fkey',
      'ALTER TABLE solo DROP COLUMN self',
      'ALTER TABLE solo ALTER COLUMN self TYPE bigint',
      'ALTER TABLE solo ALTER COLUMN id TYPE bigint',
      'ALTER TABLE solo DROP CONSTRAINT solo_pkey CASCADE',
      'ALTER TABLE o ADD COLUMN n int REFERENCES p',
      'ALTER TABLE c ADD COLUMN n int REFERENCES p',
      'ALTER TABLE c ADD COLUMN n int DEFAULT 1 REFERENCES p',
      'CREATE TABLE z (a int REFERENCES p)',
      'CREATE TABLE z PARTITION OF c FOR VALUES FROM (30) TO (40)',
      'CREATE TABLE z PARTITION OF p FOR VALUES FROM (30) TO (40)',
      'DROP TABLE solo',
      'TRUNCATE solo',
    ],
  ),
  ...withSchema(
    {
      before: `
      CREATE TABLE p (id int PRIMARY KEY, x int) PARTITION BY RANGE (id);
      CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
      CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
      CREATE TABLE c (a int NOT NULL, pid int CONSTRAINT cf REFERENCES p, uid bigint REFERENCES users) PARTITION BY RANGE (a);
      CREATE TABLE c1 PARTITION OF c FOR VALUES FROM (0) TO (10);
      CREATE TABLE c2 PARTITION OF c FOR VALUES FROM (10) TO (20);
      CREATE TABLE o (a int NOT NULL, pid int CONSTRAINT f REFERENCES p, uid bigint);
      CREATE TABLE n1 (a int NOT NULL, pid int, uid bigint);
      CREATE TABLE n2 (a int NOT NULL, pid int REFERENCES p, uid bigint REFERENCES users);
      CREATE TABLE np (id int PRIMARY KEY, x int);
      CREATE TABLE nq (id int NOT NULL, x int);
      INSERT INTO p VALUES (1), (11);
      INSERT INTO c VALUES (1, 1, 1), (11, 11, 1);
      INSERT INTO o VALUES (21, 1, 1);
      INSERT INTO n1 VALUES (21,1,1);
      INSERT INTO n2 VALUES (21,1,1);
      INSERT INTO np VALUES (21)`,
    },
    [
      'ALTER TABLE c ATTACH PARTITION n1 FOR VALUES FROM (20) TO (30)',
      'ALTER TABLE c ATTACH PARTITION n2 FOR VALUES FROM (20) TO (30)',
      'ALTER TABLE p ATTACH PARTITION np FOR VALUES FROM (20) TO (30)',
      'ALTER TABLE p ATTACH PARTITION nq FOR VALUES FROM (20) TO (30)',
      'ALTER TABLE c DETACH PARTITION c1',
      'CREATE TABLE z PARTITION OF c FOR VALUES FROM (30) TO (40)',
      'CREATE TABLE z PARTITION OF p FOR VALUES FROM (30) TO (40)',
      'ALTER TABLE c DROP CONSTRAINT cf',
      'ALTER TABLE o DROP CONSTRAINT f',
      'ALTER TABLE o DROP COLUMN pid',
      'ALTER TABLE c DROP COLUMN pid',
      'ALTER TABLE p DROP CONSTRAINT p_pkey CASCADE',
      'ALTER TABLE p DROP COLUMN x',
      'ALTER TABLE p ALTER COLUMN x TYPE bigint',
      'ALTER TABLE o ALTER COLUMN pid TYPE bigint',
      'ALTER TABLE c ALTER COLUMN pid TYPE bigint',
      'ALTER TABLE o ALTER CONSTRAINT f DEFERRABLE',
      'ALTER TABLE c ALTER CONSTRAINT cf DEFERRABLE',
      'DROP TABLE o',
      'DROP TABLE c',
      'DROP TABLE c1',
      'DROP TABLE p CASCADE',
      'DROP TABLE p1 CASCADE',
      'TRUNCATE c',
      'TRUNCATE c1',
      'TRUNCATE p CASCADE',
      'TRUNCATE p1 CASCADE',
      'TRUNCATE o',
      'ALTER TABLE c VALIDATE CONSTRAINT cf',
      'ALTER TABLE p ADD COLUMN q int',
      'ALTER TABLE p RENAME TO pp',
      'ALTER TABLE o RENAME CONSTRAINT f TO g',
      'LOCK TABLE c',
    ],
  ),
  ...withSchema(
    {
      before: `
      CREATE TABLE p (id int PRIMARY KEY, x int) PARTITION BY RANGE (id);
      CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
      CREATE TABLE o (a int NOT NULL, pid int CONSTRAINT f REFERENCES p, uid bigint);
      ALTER TABLE o ADD CONSTRAINT g FOREIGN KEY (pid) REFERENCES p NOT VALID;
      CREATE TABLE c (a int, uid bigint) PARTITION BY LIST (a);
      CREATE TABLE c1 PARTITION OF c DEFAULT;
      CREATE TABLE k (a int UNIQUE, b int UNIQUE, c int);
      CREATE TABLE kk (a int REFERENCES k (a), b int CONSTRAINT kkb REFERENCES k (b));
      INSERT INTO p VALUES (1);
      INSERT INTO o VALUES (1,1,1);
      INSERT INTO k VALUES (1, 1, 1);
      INSERT INTO kk VALUES (1, 1)`,
    },
    [
      'ALTER TABLE o VALIDATE CONSTRAINT g',
      'ALTER TABLE k DROP CONSTRAINT k_a_key CASCADE',
      'ALTER TABLE k DROP COLUMN a CASCADE',
      'ALTER TABLE k DROP COLUMN c',
      'ALTER TABLE k DROP COLUMN c CASCADE',
      'ALTER TABLE k ALTER COLUMN a TYPE bigint',
      'ALTER TABLE k ALTER COLUMN c TYPE bigint',
      'ALTER TABLE k ALTER COLUMN a TYPE int',
      'ALTER TABLE kk DROP CONSTRAINT kkb, DROP COLUMN a',
      'DROP TABLE k CASCADE',
      'DROP TABLE k, kk',
      'TRUNCATE k, kk',
      'TRUNCATE k CASCADE',
      'DROP TABLE kk',
    ],
  ),
  ...withSchema(
    {
      before: `
      CREATE TABLE c (a int, uid bigint) PARTITION BY LIST (a);
      CREATE TABLE c1 PARTITION OF c DEFAULT;
      ALTER TABLE c ADD CONSTRAINT f FOREIGN KEY (uid) REFERENCES users NOT VALID;
      CREATE TABLE e (a int, uid bigint CONSTRAINT ef REFERENCES users NOT ENFORCED, CONSTRAINT ec CHECK (a > 0) NOT ENFORCED)`,
      since: 18,
    },
    [
      'ALTER TABLE c ADD CONSTRAINT g FOREIGN KEY (uid) REFERENCES users NOT VALID',
      'ALTER TABLE e DROP CONSTRAINT ef',
      'ALTER TABLE c DROP CONSTRAINT f',
      'ALTER TABLE c ALTER CONSTRAINT f NOT ENFORCED',
    ],
  ),
];
