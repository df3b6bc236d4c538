import { type Shapes, withSchema } from './shape.ts';

/** What constraints prove of the bounds of a partition: no scan then. */
export const PARTITION_BOUNDS: Shapes = [
  ...withSchema(
    {
      before: `
      CREATE TABLE t (id bigint NOT NULL, x int, at timestamptz) PARTITION BY RANGE (id);
      CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10);
      CREATE TABLE n (id bigint NOT NULL, x int, at timestamptz);
      CREATE TABLE nc (id bigint NOT NULL, x int, at timestamptz, CHECK (id >= 10 AND id < 20));
      CREATE TABLE nn (id bigint, x int, at timestamptz, CHECK (id >= 10 AND id < 20));
      CREATE TABLE nb (id bigint NOT NULL, x int, at timestamptz, CHECK (id BETWEEN 10 AND 19));
      CREATE TABLE nv (id bigint NOT NULL, x int, at timestamptz);
      ALTER TABLE nv ADD CONSTRAINT c CHECK (id >= 10 AND id < 20) NOT VALID;
      CREATE TABLE ni (id bigint, x int, at timestamptz, CHECK (id IS NOT NULL AND id < 20 AND 10 <= id))`,
    },
    [
      'ALTER TABLE t ATTACH PARTITION n FOR VALUES FROM (10) TO (20)',
      'ALTER TABLE t ATTACH PARTITION nc FOR VALUES FROM (10) TO (20)',
      'ALTER TABLE t ATTACH PARTITION nc FOR VALUES FROM (10) TO (19)',
      'ALTER TABLE t ATTACH PARTITION nc FOR VALUES FROM (10) TO (200)',
      'ALTER TABLE t ATTACH PARTITION nb FOR VALUES FROM (10) TO (20)',
      'ALTER TABLE t ATTACH PARTITION nv FOR VALUES FROM (10) TO (20)',
      "ALTER TABLE t ATTACH PARTITION nc FOR VALUES FROM ('10') TO ('20')",
      'ALTER TABLE t ATTACH PARTITION n DEFAULT',
      'ALTER TABLE t ATTACH PARTITION nc DEFAULT',
      'ALTER TABLE t DETACH PARTITION t1',
    ],
  ),
  ...withSchema(
    {
      before: `
      CREATE TABLE t (id bigint NOT NULL, at timestamptz NOT NULL) PARTITION BY RANGE (at);
      CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
      CREATE TABLE d PARTITION OF t DEFAULT;
      CREATE TABLE a1 (id bigint NOT NULL, at timestamptz NOT NULL, CONSTRAINT k CHECK (at >= '2021-01-01' AND at < '2022-01-01'));
      CREATE TABLE a2 (id bigint NOT NULL, at timestamptz NOT NULL, CONSTRAINT k CHECK (at >= '2021-01-01'::timestamptz AND at < '2022-01-01'::timestamptz));
      CREATE TABLE a3 (id bigint NOT NULL, at timestamptz NOT NULL, CONSTRAINT k CHECK (at >= DATE '2021-01-01' AND at < DATE '2022-01-01'));
      CREATE TABLE a4 (id bigint NOT NULL, at timestamptz NOT NULL, CONSTRAINT k CHECK (at >= '2021-01-01 00:00:00' AND at < '2022-01-01 00:00:00+01'));
      CREATE TABLE a5 (id bigint NOT NULL, at timestamptz NOT NULL, CONSTRAINT k CHECK (at >= timestamptz '2021-03-01' AND at < timestamptz '2021-04-01'));
      CREATE TABLE a6 (id bigint NOT NULL, at timestamptz NOT NULL, CONSTRAINT k CHECK (at >= timestamp '2021-03-01' AND at < timestamp '2021-04-01'))`,
    },
    [
      "ALTER TABLE t ATTACH PARTITION a1 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
      "ALTER TABLE t ATTACH PARTITION a1 FOR VALUES FROM ('2021-01-01 00:00:00') TO ('2022-01-01 00:00:00')",
      "ALTER TABLE t ATTACH PARTITION a2 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
      "ALTER TABLE t ATTACH PARTITION a3 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
      "ALTER TABLE t ATTACH PARTITION a5 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
      "ALTER TABLE t ATTACH PARTITION a6 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
      "ALTER TABLE t ATTACH PARTITION a1 FOR VALUES FROM (timestamptz '2021-01-01') TO ('2022-01-01'::timestamptz)",
      "CREATE TABLE t22 PARTITION OF t FOR VALUES FROM ('2022-01-01') TO ('2023-01-01')",
      'DROP TABLE d',
      'DROP TABLE t1',
      'ALTER TABLE t DETACH PARTITION t1',
      'ALTER TABLE t DETACH PARTITION d',
    ],
  ),
  ...withSchema(
    {
      before: `
      CREATE TABLE t (id bigint NOT NULL, at date) PARTITION BY RANGE (at);
      CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
      CREATE TABLE d PARTITION OF t DEFAULT;
      ALTER TABLE d ADD CHECK (at < '2021-01-01' OR at >= '2023-01-01');
      CREATE TABLE a1 (id bigint NOT NULL, at date NOT NULL, CONSTRAINT k CHECK (at >= '2021-01-01' AND at < '2022-01-01'));
      CREATE TABLE a2 (id bigint NOT NULL, at date NOT NULL, CONSTRAINT k CHECK (at >= '2021-01-01' AND at <= '2021-12-31'));CREATE TABLE a3 (id bigint NOT NULL, at date NOT NULL, CONSTRAINT k CHECK (at >= '2021-01-01'::timestamp AND at < '2022-01-01'::timestamp));
      CREATE TABLE a4 (id bigint NOT NULL, at date NOT NULL, CONSTRAINT k CHECK (at >= '20210101' AND at < 'Jan 1 2022'))`,
    },
    [
      "ALTER TABLE t ATTACH PARTITION a1 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
      "ALTER TABLE t ATTACH PARTITION a2 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
      "ALTER TABLE t ATTACH PARTITION a3 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
      "ALTER TABLE t ATTACH PARTITION a1 FOR VALUES FROM ('2021-01-01') TO ('2024-01-01')",
      "CREATE TABLE t21 PARTITION OF t FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
      "CREATE TABLE t23 PARTITION OF t FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')",
    ],
  ),
  ...withSchema(
    {
      before: `
      CREATE TABLE l (id bigint NOT NULL, s text) PARTITION BY LIST (s);
      CREATE TABLE l1 PARTITION OF l FOR VALUES IN ('a', 'b');
      CREATE TABLE ld PARTITION OF l DEFAULT;
      ALTER TABLE ld ADD CONSTRAINT ldc CHECK (s NOT IN ('c', 'd'));
      CREATE TABLE c (id bigint NOT NULL, s text NOT NULL, CHECK (s = 'c'));
      CREATE TABLE cd (id bigint NOT NULL, s text NOT NULL, CHECK (s IN ('c', 'd')));
      CREATE TABLE cd2 (id bigint NOT NULL, s text NOT NULL, CHECK (s = ANY (ARRAY['c', 'd'])));
      CREATE TABLE cd3 (id bigint NOT NULL, s text NOT NULL, CHECK (s = 'c' OR s = 'd'));
      CREATE TABLE cn (id bigint NOT NULL, s text, CHECK (s IS NULL));
      CREATE TABLE cx (id bigint NOT NULL, s text, CHECK (s IS NOT NULL AND s = 'c'::text));
      CREATE TABLE cd4 (id bigint NOT NULL, s text NOT NULL, CHECK (s = ANY ('{c,d}')))`,
    },
    [
      "ALTER TABLE l ATTACH PARTITION c FOR VALUES IN ('c')",
      "ALTER TABLE l ATTACH PARTITION c FOR VALUES IN ('c', 'd')",
      "ALTER TABLE l ATTACH PARTITION cd FOR VALUES IN ('c')",
      "ALTER TABLE l ATTACH PARTITION cd FOR VALUES IN ('d', 'c')",
      "ALTER TABLE l ATTACH PARTITION cd2 FOR VALUES IN ('d', 'c')",
      "ALTER TABLE l ATTACH PARTITION cd3 FOR VALUES IN ('d', 'c')",
      "ALTER TABLE l ATTACH PARTITION cd4 FOR VALUES IN ('d', 'c')",
      'ALTER TABLE l ATTACH PARTITION cn FOR VALUES IN (NULL)',
      "ALTER TABLE l ATTACH PARTITION cn FOR VALUES IN (NULL, 'e')",
      "ALTER TABLE l ATTACH PARTITION cx FOR VALUES IN ('c')",
      "CREATE TABLE x PARTITION OF l FOR VALUES IN ('c')",
      "CREATE TABLE x PARTITION OF l FOR VALUES IN ('c', 'd')",
      "CREATE TABLE x PARTITION OF l FOR VALUES IN ('d', 'c')",
      "CREATE TABLE x PARTITION OF l FOR VALUES IN ('e')",
    ],
  ),
  ...withSchema(
    {
      before: `
      CREATE TABLE t (a int NOT NULL, b int NOT NULL) PARTITION BY RANGE (a, b);
      CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0, 0) TO (1, 0);
      CREATE TABLE x1 (a int NOT NULL, b int NOT NULL, CHECK (a = 5 AND b >= 0 AND b < 10));
      CREATE TABLE x2 (a int NOT NULL, b int NOT NULL, CHECK (a > 5 AND a < 10));
      CREATE TABLE x3 (a int NOT NULL, b int NOT NULL, CHECK ((a > 5 OR (a = 5 AND b >= 3)) AND (a < 7 OR (a = 7 AND b < 4))))`,
    },
    [
      'ALTER TABLE t ATTACH PARTITION x1 FOR VALUES FROM (5, 0) TO (5, 10)',
      'ALTER TABLE t ATTACH PARTITION x1 FOR VALUES FROM (5, MINVALUE) TO (5, MAXVALUE)',
      'ALTER TABLE t ATTACH PARTITION x2 FOR VALUES FROM (5, 0) TO (10, 0)',
      'ALTER TABLE t ATTACH PARTITION x2 FOR VALUES FROM (6, 0) TO (10, 0)',
      'ALTER TABLE t ATTACH PARTITION x2 FOR VALUES FROM (5, MINVALUE) TO (10, MINVALUE)',
      'ALTER TABLE t ATTACH PARTITION x3 FOR VALUES FROM (5, 3) TO (7, 4)',
      'ALTER TABLE t ATTACH PARTITION x3 FOR VALUES FROM (5, 0) TO (8, 4)',
    ],
  ),
  ...withSchema(
    {
      before: `
      CREATE TABLE t (a int, at date, st text) PARTITION BY LIST (st);
      CREATE TABLE ta PARTITION OF t FOR VALUES IN ('a') PARTITION BY RANGE (a);
      CREATE TABLE td PARTITION OF t DEFAULT PARTITION BY RANGE (a);
      CREATE TABLE td1 PARTITION OF td FOR VALUES FROM (1) TO (10);
      CREATE TABLE tdd PARTITION OF td DEFAULT;
      ALTER TABLE td1 ADD CHECK (st = 'z');
      CREATE TABLE n1 (a int NOT NULL, at date, st text NOT NULL, CHECK (a >= 1 AND a < 10), CHECK (st = 'a'));
      CREATE TABLE n2 (a int NOT NULL, at date, st text NOT NULL, CHECK (a >= 1 AND a < 10));
      CREATE TABLE sp (a int, at date, st text NOT NULL) PARTITION BY RANGE (at);
      CREATE TABLE sp1 PARTITION OF sp FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
      ALTER TABLE sp1 ADD CHECK (st = 'b');
      CREATE TABLE sp2 PARTITION OF sp DEFAULT;
      CREATE TABLE sq (a int, at date, st text NOT NULL, CHECK (st = 'b')) PARTITION BY RANGE (at);
      CREATE TABLE sq1 PARTITION OF sq DEFAULT`,
    },
    [
      'ALTER TABLE ta ATTACH PARTITION n1 FOR VALUES FROM (1) TO (10)',
      'ALTER TABLE ta ATTACH PARTITION n2 FOR VALUES FROM (1) TO (10)',
      "ALTER TABLE t ATTACH PARTITION sp FOR VALUES IN ('b')",
      "ALTER TABLE t ATTACH PARTITION sq FOR VALUES IN ('b')",
      "CREATE TABLE tb PARTITION OF t FOR VALUES IN ('b')",
      'CREATE TABLE ta1 PARTITION OF ta FOR VALUES FROM (1) TO (10)',
      'CREATE TABLE ta1 PARTITION OF ta FOR VALUES FROM (1) TO (10) PARTITION BY LIST (at)',
      'ALTER TABLE t DETACH PARTITION td',
      'ALTER TABLE t DETACH PARTITION ta',
      'ALTER TABLE td DETACH PARTITION td1',
      'DROP TABLE td1',
      'DROP TABLE td',
      'DROP TABLE t',
    ],
  ),
  ...withSchema(
    {
      before: `
      CREATE TABLE t (a int, b text) PARTITION BY HASH (a);
      CREATE TABLE t0 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0);
      CREATE TABLE t1 (a int, b text);
      CREATE INDEX t_a ON t (a);
      CREATE TABLE e (a int, b text) PARTITION BY RANGE (lower(b));
      CREATE TABLE e1 (a int, b text NOT NULL, CHECK (lower(b) >= 'a' AND lower(b) < 'b'));
      CREATE TABLE e2 (a int, b text, CHECK (lower(b) IS NOT NULL AND lower(b) >= 'a' AND lower(b) < 'b'))`,
    },
    [
      'ALTER TABLE t ATTACH PARTITION t1 FOR VALUES WITH (MODULUS 2, REMAINDER 1)',
      "ALTER TABLE e ATTACH PARTITION e1 FOR VALUES FROM ('a') TO ('b')",
      'CREATE TABLE x PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1)',
    ],
  ),
];
