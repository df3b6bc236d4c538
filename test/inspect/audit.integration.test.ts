import { beforeAll, describe, expect, inject, test } from 'vitest';
import { checks } from '../../src/audit/all-checks.ts';
import type { AuditFinding } from '../../src/audit/audit.ts';
import { type AuditContext, DEFAULT_AUDIT_SETTINGS } from '../../src/audit/check.ts';
import { notChecked } from '../../src/audit/checks/not-checked.ts';
import type { Session } from '../../src/db/session.ts';
import { withSession } from '../../src/db/session.ts';
import { readAuditContext, runChecks } from '../../src/inspect/audit.ts';
import { connectionTo, testDatabase } from '../support/database.ts';
import { startPrimary, startStandby } from '../support/standby.ts';

const db = testDatabase();
const version = inject('serverVersion');

/** Everything is worth a word, however small and young it is. */
const EAGER: Partial<AuditContext> = {
  settings: { ...DEFAULT_AUDIT_SETTINGS, unusedAfterMs: 0, minTableBytes: 0, longTransactionMs: 0 },
};

async function audit(session: Session, name: string, given: Partial<AuditContext> = EAGER): Promise<AuditFinding[]> {
  const facts = await readAuditContext(session, 'tiptoe');
  const context = { ...facts, settings: DEFAULT_AUDIT_SETTINGS, budgets: { made: [], named: {} }, ...given };
  const asked = checks.filter((check) => check.name === name);
  expect(asked).toHaveLength(1);
  return runChecks(session, asked, context, { teller: notChecked, severities: {}, sampleMs: null });
}

const objects = (findings: readonly AuditFinding[]): string[] =>
  findings.map(({ rule, object }) => (rule === 'not-checked' ? `not-checked ${object}` : object));

function only(findings: readonly AuditFinding[], object: string): AuditFinding {
  const [found, ...others] = findings.filter((finding) => finding.object === object);
  if (found === undefined || others.length > 0)
    throw new Error(`not one finding of ${object}: ${objects(findings).join(', ')}`);
  return found;
}

/** What a finding proposes to look at is SQL that runs. */
async function expectLooks(session: Session, findings: readonly AuditFinding[]): Promise<void> {
  for (const { look } of findings) await session.query(look.replace(/;$/, ''));
}

async function inSchema(name: string, sql: string): Promise<Session> {
  const session = await db.session();
  await session.exec(`CREATE SCHEMA IF NOT EXISTS ${name}; SET search_path = ${name}; ${sql}`);
  return session;
}

/** The statistics of other sessions come late; of tables that were analysed at once. */
const FILL = `INSERT INTO "Big Table" SELECT i, i FROM generate_series(1, 2000) i; ANALYZE "Big Table"`;

describe('invalid-index', () => {
  test('names what a failed concurrent build left, and neither valid indexes nor parents that wait for their partitions', async () => {
    const session = await inSchema(
      'invalid',
      `CREATE TABLE "Doubles" (id int); INSERT INTO "Doubles" VALUES (1), (1); CREATE INDEX fine ON "Doubles" (id);
       CREATE TABLE parent (id int) PARTITION BY RANGE (id); CREATE TABLE child PARTITION OF parent FOR VALUES FROM (0) TO (9);
       CREATE INDEX waits ON ONLY parent (id)`,
    );
    await expect(session.exec('CREATE UNIQUE INDEX CONCURRENTLY "Uniq" ON "Doubles" (id)')).rejects.toThrow(/Uniq/);
    await expect(session.exec('REINDEX INDEX CONCURRENTLY "Uniq"')).rejects.toThrow(/Uniq/);
    const findings = await audit(session, 'invalid-index');
    expect(objects(findings).sort()).toEqual(['invalid.Uniq', 'invalid.Uniq_ccnew']);
    expect(only(findings, 'invalid.Uniq')).toMatchObject({
      severity: 'error',
      relation: 'invalid.Doubles',
      instead: expect.stringContaining(
        'DROP INDEX CONCURRENTLY invalid."Uniq"; and, if it is wanted: CREATE UNIQUE INDEX CONCURRENTLY "Uniq" ON invalid."Doubles"',
      ),
    });
    expect(only(findings, 'invalid.Uniq_ccnew').instead).toContain('DROP INDEX CONCURRENTLY invalid."Uniq_ccnew";');
    await expectLooks(session, findings);
  });

  test('leaves out what is being built right now, also as a role that may not see the progress', async () => {
    const session = await inSchema('building', 'CREATE TABLE t (id int); CREATE TABLE other (id int)');
    const reader = await db.session();
    await reader.exec('BEGIN; INSERT INTO building.t VALUES (1)');
    const builder = await db.session();
    const building = builder.exec('CREATE INDEX CONCURRENTLY slow ON building.t (id)');
    try {
      await expect
        .poll(async () => session.query(`SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('building.slow')`), {
          timeout: 20_000,
        })
        .toHaveLength(1);
      const poor = await db.session(db.trafficUrl);
      expect(objects(await audit(session, 'invalid-index'))).not.toContain('building.slow');
      expect(objects(await audit(poor, 'invalid-index'))).not.toContain('building.slow');
    } finally {
      await reader.exec('ROLLBACK');
      await building;
    }
  });
});

describe('unvalidated-constraint', () => {
  test('names checks, foreign keys and domains, with a query for the rows that break them', async () => {
    const session = await inSchema(
      'unvalidated',
      `CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE "Kid" (id int, "Parent" int, good int CHECK (good > 0));
       INSERT INTO "Kid" VALUES (-1, 7, 1);
       ALTER TABLE "Kid" ADD CONSTRAINT positive CHECK (id > 0) NOT VALID;
       ALTER TABLE "Kid" ADD CONSTRAINT fk FOREIGN KEY ("Parent") REFERENCES parent NOT VALID;
       CREATE DOMAIN short AS text; ALTER DOMAIN short ADD CONSTRAINT few CHECK (length(VALUE) < 9) NOT VALID`,
    );
    const findings = await audit(session, 'unvalidated-constraint');
    expect(objects(findings).sort()).toEqual([
      'unvalidated.Kid.fk',
      'unvalidated.Kid.positive',
      'unvalidated.short.few',
    ]);
    for (const object of ['unvalidated.Kid.fk', 'unvalidated.Kid.positive']) {
      const { look, instead } = only(findings, object);
      expect(await session.query(look.replace(/;$/, ''))).toHaveLength(1);
      expect(instead).toContain(`ALTER TABLE unvalidated."Kid" VALIDATE CONSTRAINT ${object.split('.').at(-1)};`);
    }
    await expectLooks(session, findings);
    await session.exec('DELETE FROM "Kid"; ALTER TABLE "Kid" VALIDATE CONSTRAINT fk');
    expect(objects(await audit(session, 'unvalidated-constraint'))).not.toContain('unvalidated.Kid.fk');
  });

  test.runIf(version >= 18)('names a NOT NULL of 18, and not what is not enforced', async () => {
    const session = await inSchema(
      'unvalidated18',
      `CREATE TABLE t (id int, CONSTRAINT loose CHECK (id > 0) NOT ENFORCED); ALTER TABLE t ADD CONSTRAINT filled NOT NULL id NOT VALID`,
    );
    const findings = (await audit(session, 'unvalidated-constraint')).filter(({ object }) =>
      object.startsWith('unvalidated18'),
    );
    expect(objects(findings)).toEqual(['unvalidated18.t.filled']);
    await expectLooks(session, findings);
  });
});

describe('unused-index', () => {
  test('names what no scan has used, and no unique, foreign key or used one', async () => {
    const session = await inSchema(
      'unused',
      `CREATE TABLE p (id int PRIMARY KEY);
       CREATE TABLE "Big Table" (id int PRIMARY KEY, p int REFERENCES p, v int GENERATED ALWAYS AS (1) STORED);
       INSERT INTO p SELECT generate_series(1, 2000); ${FILL};
       CREATE INDEX idle ON "Big Table" (v); CREATE INDEX used ON "Big Table" (v, id); CREATE INDEX fk ON "Big Table" (p);
       CREATE UNIQUE INDEX uniq ON "Big Table" (p, id);
       CREATE TABLE parts (id int, v int) PARTITION BY RANGE (id); CREATE TABLE part1 PARTITION OF parts FOR VALUES FROM (0) TO (9);
       CREATE INDEX parts_v ON parts (v)`,
    );
    const reader = await db.session();
    await reader.exec(
      `SET enable_seqscan = off; SET enable_bitmapscan = off; DROP INDEX unused.idle; SELECT count(*) FROM unused."Big Table" WHERE v = 1 AND id = 7`,
    );
    await session.exec('CREATE INDEX idle ON "Big Table" (v)');
    await reader.close();
    const mine = async () =>
      (await audit(session, 'unused-index')).filter(({ object }) => object.startsWith('unused.'));
    await expect
      .poll(async () => objects(await mine()).sort(), { timeout: 20_000 })
      .toEqual(['unused.idle', 'unused.parts_v']);
    const findings = await mine();
    expect(only(findings, 'unused.idle').instead).toContain('DROP INDEX CONCURRENTLY unused.idle;');
    expect(only(findings, 'unused.idle').message).toMatch(/since \d{4}-\d\d-\d\dT/);
    expect(only(findings, 'unused.parts_v').instead).toContain('DROP INDEX unused.parts_v;');
    await expectLooks(session, findings);
  });

  test('counters that are too young, and a standby, say so', async () => {
    const session = await db.session();
    expect(objects(await audit(session, 'unused-index', {}))).toEqual(['not-checked unused-index']);
    const [finding] = await audit(session, 'unused-index', { ...EAGER, isStandby: true });
    expect(finding).toMatchObject({ rule: 'not-checked', message: expect.stringContaining('standby') });
  });

  test('tiny tables are left alone', async () => {
    const session = await inSchema('unusedtiny', 'CREATE TABLE t (id int); CREATE INDEX i ON t (id)');
    const settings = { ...DEFAULT_AUDIT_SETTINGS, unusedAfterMs: 0 };
    expect(objects(await audit(session, 'unused-index', { settings }))).not.toContain('unusedtiny.i');
  });
});

describe('duplicate-index and covered-index', () => {
  let session: Session;
  beforeAll(async () => {
    await withSession(connectionTo(db.ownerUrl), { applicationName: 'tiptoe test' }, (own) =>
      own.exec(`CREATE SCHEMA dup; SET search_path = dup;
        CREATE TABLE t (id int PRIMARY KEY, a int, b text, c int, UNIQUE (a, c));
        CREATE UNIQUE INDEX id_again ON t (id); CREATE INDEX b1 ON t (b); CREATE INDEX b2 ON t (b);
        CREATE INDEX b_pattern ON t (b text_pattern_ops); CREATE INDEX b_c ON t (b COLLATE "C"); CREATE INDEX b_some ON t (b) WHERE a > 0;
        CREATE INDEX b_desc ON t (b DESC); CREATE INDEX b_lower ON t (lower(b)); CREATE INDEX b_hash ON t USING hash (b);
        CREATE INDEX a_alone ON t (a); CREATE UNIQUE INDEX c_unique ON t (c); CREATE INDEX c_a ON t (c, a);
        CREATE TABLE kid (a int, c int, FOREIGN KEY (a, c) REFERENCES t (a, c))`),
    );
  });

  test('what does the same twice is named once, and the one that a constraint needs is kept', async () => {
    session = await db.session();
    const findings = await audit(session, 'duplicate-index');
    expect(objects(findings).filter((object) => object.startsWith('dup.'))).toEqual(['dup.b2', 'dup.id_again']);
    expect(only(findings, 'dup.id_again').instead).toBe('Keep t_pkey, and: DROP INDEX CONCURRENTLY dup.id_again;');
    await expectLooks(session, findings);
  });

  test('what another one begins with is covered, unless it keeps something unique', async () => {
    session = await db.session();
    const findings = await audit(session, 'covered-index');
    expect(objects(findings).filter((object) => object.startsWith('dup.'))).toEqual(['dup.a_alone']);
    expect(only(findings, 'dup.a_alone').message).toContain('is covered by t_a_c_key (a, c) of dup.t');
  });
});

describe('no-primary-key and no-replica-identity', () => {
  test('names tables without a key, and those whose updates a publication would refuse', async () => {
    const session = await inSchema(
      'keyless',
      `CREATE TABLE bare (id int); CREATE TABLE "Ready" (id int NOT NULL); CREATE UNIQUE INDEX ready_id ON "Ready" (id);
       CREATE TABLE fine (id int PRIMARY KEY); CREATE TABLE whole (id int); ALTER TABLE whole REPLICA IDENTITY FULL;
       CREATE TABLE inserted (id int); CREATE TEMP TABLE temporary (id int);
       CREATE TABLE parts (id int) PARTITION BY RANGE (id); CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (9); CREATE TABLE part2 PARTITION OF parts FOR VALUES FROM (10) TO (19);
       CREATE PUBLICATION keyless_all FOR TABLE bare, fine, whole, parts;
       CREATE PUBLICATION keyless_inserts FOR TABLE inserted WITH (publish = 'insert')`,
    );
    const keys = (await audit(session, 'no-primary-key')).filter(({ object }) => object.startsWith('keyless.'));
    expect(objects(keys)).toEqual(['Ready', 'bare', 'inserted', 'parts', 'whole'].map((name) => `keyless.${name}`));
    expect(only(keys, 'keyless.Ready').instead).toContain(
      'ALTER TABLE keyless."Ready" ADD PRIMARY KEY USING INDEX ready_id;',
    );
    const identities = await audit(session, 'no-replica-identity');
    expect(objects(identities)).toEqual(['keyless.bare', 'keyless.parts']);
    expect(only(identities, 'keyless.parts').message).toContain(
      'in keyless.part and keyless.part2: it has no primary key',
    );
    expect(only(identities, 'keyless.bare')).toMatchObject({
      severity: 'error',
      message: expect.stringContaining('keyless_all'),
    });
    await expect(session.exec('UPDATE bare SET id = 1')).rejects.toThrow(/replica identity/);
    await expectLooks(session, [...keys, ...identities]);
    await session.exec('DROP PUBLICATION keyless_all');
  });
});

describe('key-running-out', () => {
  test('measures serial, identity and shared sequences against the narrowest type', async () => {
    const session = await inSchema(
      'keys',
      `CREATE TABLE "Orders" (id serial PRIMARY KEY); SELECT setval('"Orders_id_seq"', 2000000000);
       CREATE TABLE small (id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY); SELECT setval('small_id_seq', 17000);
       CREATE TABLE fresh (id serial PRIMARY KEY); CREATE TABLE young (id bigserial PRIMARY KEY); SELECT nextval('young_id_seq');
       CREATE TABLE wide (id bigserial PRIMARY KEY); SELECT setval('wide_id_seq', 1900000000);
       CREATE TABLE refers (wide_id int REFERENCES wide);
       CREATE SEQUENCE shared; CREATE TABLE uses (id int DEFAULT nextval('shared')); SELECT setval('shared', 1800000000);
       CREATE SEQUENCE down INCREMENT -1 MINVALUE -100 START -1; CREATE TABLE falls (id int DEFAULT nextval('down')); SELECT setval('down', -90)`,
    );
    const findings = (await audit(session, 'key-running-out')).filter(({ object }) => object.startsWith('keys.'));
    expect(objects(findings).sort()).toEqual(
      ['Orders.id', 'falls.id', 'small.id', 'uses.id', 'wide.id'].map((name) => `keys.${name}`),
    );
    expect(only(findings, 'keys.Orders.id')).toMatchObject({
      severity: 'error',
      message: expect.stringContaining('93.1 % of its numbers: 2,000,000,000 of 2,147,483,647 (integer)'),
    });
    expect(only(findings, 'keys.small.id')).toMatchObject({
      severity: 'warning',
      message: expect.stringContaining('51.9 %'),
    });
    expect(only(findings, 'keys.falls.id').message).toContain('89.9 %');
    expect(only(findings, 'keys.wide.id')).toMatchObject({
      message: expect.stringContaining('integer of keys.refers.wide_id, which refers to it'),
      instead: expect.stringContaining('Widen keys.refers.wide_id'),
    });
    await expectLooks(session, findings);
  });
});

describe('foreign-key-without-index', () => {
  test('looks at leading columns in any order, valid indexes and the size of the table', async () => {
    const session = await inSchema(
      'fks',
      `CREATE TABLE p (a int, b int, PRIMARY KEY (a, b)); CREATE TABLE q (id int PRIMARY KEY);
       CREATE TABLE "Bad" ("A" int, b int, q int REFERENCES q, FOREIGN KEY ("A", b) REFERENCES p);
       CREATE INDEX partial ON "Bad" (q) WHERE "A" > 0; CREATE INDEX wrong ON "Bad" (b);
       CREATE TABLE good (a int, b int, q int REFERENCES q, FOREIGN KEY (a, b) REFERENCES p);
       CREATE INDEX ON good (b, a, q); CREATE INDEX ON good (q) WHERE q IS NOT NULL;
       CREATE TABLE parts (id int, q int REFERENCES q) PARTITION BY RANGE (id);
       CREATE TABLE part1 PARTITION OF parts FOR VALUES FROM (0) TO (9); CREATE TABLE part2 PARTITION OF parts FOR VALUES FROM (10) TO (19);
       CREATE INDEX ON part1 (q)`,
    );
    const mine = (findings: AuditFinding[]) => findings.filter(({ object }) => object.startsWith('fks.'));
    const findings = mine(await audit(session, 'foreign-key-without-index'));
    expect(objects(findings).sort()).toEqual(['fks.Bad.Bad_A_b_fkey', 'fks.Bad.Bad_q_fkey', 'fks.parts.parts_q_fkey']);
    expect(only(findings, 'fks.Bad.Bad_A_b_fkey').instead).toBe(
      'CREATE INDEX CONCURRENTLY "Bad_A_b_idx" ON fks."Bad" ("A", b);',
    );
    expect(only(findings, 'fks.parts.parts_q_fkey').instead).toContain('ON ONLY fks.parts (q)');
    await expectLooks(session, findings);
    expect(mine(await audit(session, 'foreign-key-without-index', {}))).toEqual([]);
  });
});

describe('over-write-budget', () => {
  test('compares what is counted with the budget of the table', async () => {
    const session = await inSchema(
      'budget',
      `CREATE TABLE busy (id int); CREATE TABLE calm (id int); CREATE TABLE parts (id int) PARTITION BY RANGE (id);
       CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (9999)`,
    );
    const writer = await db.session();
    await writer.exec(
      `INSERT INTO budget.busy SELECT generate_series(1, 5000); INSERT INTO budget.parts SELECT generate_series(1, 5000); INSERT INTO budget.calm VALUES (1)`,
    );
    await writer.close();
    const made = ['busy', 'calm', 'parts'].map((name) => ({
      schema: 'budget',
      name,
      perSecond: 0.001,
      said: '0.001/s declared in 1.sql',
    }));
    const look = () => audit(session, 'over-write-budget', { budgets: { made, named: {} } });
    await expect.poll(async () => objects(await look()), { timeout: 20_000 }).toEqual(['budget.busy', 'budget.parts']);
    const [finding] = await look();
    expect(finding).toMatchObject({
      severity: 'error',
      message: expect.stringMatching(
        /times a second, on average since .*, and its budget is 0\.001\/s declared in 1\.sql$/,
      ),
    });
    const enough = await audit(session, 'over-write-budget', { budgets: { made: [], named: { busy: 1e9 } } });
    expect(enough).toEqual([]);
    expect(
      objects(await audit(session, 'over-write-budget', { budgets: { made, named: {} }, isStandby: true })),
    ).toEqual(['not-checked over-write-budget']);
  });
});

describe('role-timeout-missing', () => {
  test('knows what is set for the role, the database, both and all', async () => {
    const admin = await db.session(db.adminUrl);
    const before = only(await audit(admin, 'role-timeout-missing'), db.trafficRole);
    expect(before).toMatchObject({
      message: expect.stringContaining(
        'has no statement_timeout, idle_in_transaction_session_timeout and lock_timeout',
      ),
      instead: expect.stringContaining(`ALTER ROLE ${db.trafficRole} IN DATABASE ${db.name} SET lock_timeout = '5s';`),
    });
    await expectLooks(admin, [before]);
    await admin.exec(
      `ALTER ROLE ${db.trafficRole} SET statement_timeout = '30s'; ALTER DATABASE ${db.name} SET lock_timeout = '5s'`,
    );
    await admin.exec(`ALTER ROLE ${db.ownerRole} IN DATABASE ${db.name} SET lock_timeout = 0`);
    const session = await db.session(db.adminUrl);
    const after = await audit(session, 'role-timeout-missing');
    expect(only(after, db.trafficRole).message).toContain('has no idle_in_transaction_session_timeout in');
    expect(only(after, db.ownerRole).message).toContain('lock_timeout');
    await admin.exec(`ALTER ROLE ${db.trafficRole} SET idle_in_transaction_session_timeout = '1min'`);
    expect(objects(await audit(session, 'role-timeout-missing'))).not.toContain(db.trafficRole);
    await admin.exec(
      `ALTER DATABASE ${db.name} RESET ALL; ALTER ROLE ${db.ownerRole} IN DATABASE ${db.name} RESET ALL`,
    );
  });

  test('where our own settings hide those of the server, it says so', async () => {
    const admin = await db.session(db.adminUrl);
    await admin.exec(`ALTER ROLE ${db.trafficRole} SET statement_timeout = '30s'`);
    const findings = await audit(await db.session(db.trafficUrl), 'role-timeout-missing');
    expect(objects(findings)).toContain('not-checked role-timeout-missing');
    await admin.exec(`ALTER ROLE ${db.trafficRole} RESET ALL`);
  });
});

describe('long-transaction and prepared-transaction', () => {
  test('names who has one open, and not who is idle', async () => {
    const admin = await db.session(db.adminUrl);
    const idle = await db.session(db.trafficUrl, { applicationName: 'idle' });
    await idle.query('SELECT 1');
    const open = await db.session(db.trafficUrl, { applicationName: 'reports' });
    await open.exec('BEGIN; SELECT 1');
    const findings = await audit(admin, 'long-transaction');
    expect(objects(findings)).toEqual([`${db.trafficRole}/reports`]);
    expect(findings[0]?.instead).toContain(`pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ${open.pid}`);
    await expectLooks(admin, findings);
    expect(await audit(admin, 'long-transaction', {})).toEqual([]);
    await open.exec('ROLLBACK');
  });

  test('a poor role is told what it cannot see', async () => {
    const open = await db.session(db.ownerUrl);
    await open.exec('BEGIN; SELECT 1');
    const findings = await audit(await db.session(db.trafficUrl), 'long-transaction');
    expect(objects(findings)).toEqual(['not-checked long-transaction']);
    expect(findings[0]?.instead).toContain(`GRANT pg_read_all_stats TO ${db.trafficRole};`);
    await open.exec('ROLLBACK');
  });

  test('a prepared transaction', async () => {
    const session = await db.session();
    expect(await audit(session, 'prepared-transaction')).toEqual([]);
    await session.exec(
      `CREATE TABLE prepared (id int); BEGIN; INSERT INTO prepared VALUES (1); PREPARE TRANSACTION 'it''s mine'`,
    );
    try {
      const findings = await audit(session, 'prepared-transaction');
      expect(objects(findings)).toEqual(["it's mine"]);
      expect(findings[0]?.instead).toContain(`ROLLBACK PREPARED 'it''s mine';`);
      await expectLooks(session, findings);
      expect(await audit(session, 'prepared-transaction', {})).toEqual([]);
    } finally {
      await session.exec(`ROLLBACK PREPARED 'it''s mine'`);
    }
  });
});

describe('replication-slot-holds-wal', () => {
  test('names a slot that nobody reads and that holds WAL', async () => {
    const admin = await db.session(db.adminUrl);
    const name = `slot_${db.name}`;
    await admin.query(`SELECT pg_create_physical_replication_slot($1)`, [`${name}_empty`]);
    await admin.query(`SELECT pg_create_physical_replication_slot($1, true)`, [name]);
    try {
      const findings = (await audit(admin, 'replication-slot-holds-wal')).filter(({ object }) =>
        object.startsWith(name),
      );
      expect(objects(findings)).toEqual([name]);
      expect(findings[0]).toMatchObject({
        severity: 'warning',
        message: expect.stringMatching(/is read by nobody.* holds .* of WAL/),
        instead: expect.stringContaining(`SELECT pg_drop_replication_slot('${name}');`),
      });
      await expectLooks(admin, findings);
      const settings = { ...DEFAULT_AUDIT_SETTINGS, maxSlotWalBytes: -1 };
      expect(only(await audit(admin, 'replication-slot-holds-wal', { settings }), name).severity).toBe('error');
    } finally {
      for (const slot of [name, `${name}_empty`]) await admin.query('SELECT pg_drop_replication_slot($1)', [slot]);
    }
  });
});

describe('wraparound-age', () => {
  test('a fresh server has nothing to freeze', async () => {
    expect(await audit(await db.session(), 'wraparound-age')).toEqual([]);
  });

  test('reads how long ago a table was frozen', async () => {
    await inSchema('frozen', 'CREATE TABLE t (id int, wide text)');
    const admin = await db.session(db.adminUrl);
    const check = checks.find(({ name }) => name === 'wraparound-age');
    const facts = await readAuditContext(admin, 'tiptoe');
    const context = { ...facts, settings: DEFAULT_AUDIT_SETTINGS, budgets: { made: [], named: {} } };
    // Nobody else sees it: the age of a table that nobody froze for half a billion transactions.
    await admin.exec(`BEGIN; SET LOCAL search_path = pg_catalog;
      UPDATE pg_class SET relfrozenxid = ((txid_current() + 4294967296 - 500000000) % 4294967296)::text::xid WHERE oid = 'frozen.t'::regclass`);
    const sql = check?.sql(context);
    const rows = typeof sql === 'string' ? await admin.query<object>(sql) : [];
    await admin.exec('ROLLBACK');
    expect(check?.judge(rows, context, null)).toMatchObject([
      { object: 'frozen.t', message: expect.stringMatching(/frozen 500,000,\d\d\d transactions ago/) },
    ]);
  });
});

describe('a standby', () => {
  test('every check runs there, and what is not counted there is said', async () => {
    const primary = await startPrimary();
    const standby = await startStandby(primary);
    try {
      await withSession(connectionTo(primary.url), { applicationName: 'tiptoe test' }, (session) =>
        session.exec('CREATE TABLE bare (id serial)'),
      );
      await standby.catchUp();
      const findings = await withSession(
        connectionTo(standby.url),
        { applicationName: 'tiptoe test' },
        async (session) => {
          const facts = await readAuditContext(session, 'tiptoe');
          expect(facts.isStandby).toBe(true);
          const context = { ...facts, settings: DEFAULT_AUDIT_SETTINGS, budgets: { made: [], named: { bare: 1 } } };
          return runChecks(session, checks, context, { teller: notChecked, severities: {}, sampleMs: null });
        },
      );
      expect(objects(findings).sort()).toEqual([
        'not-checked over-write-budget',
        'not-checked unused-index',
        'public.bare',
      ]);
    } finally {
      await standby.stop();
      await primary.stop();
    }
  });
});

describe('any role', () => {
  test('a role without any right runs every check, and what it cannot see is said', async () => {
    const owner = await inSchema(
      'hidden',
      `CREATE TABLE t (id serial PRIMARY KEY); SELECT setval('t_id_seq', 2000000000); REVOKE ALL ON SEQUENCE t_id_seq FROM ${db.trafficRole}`,
    );
    const poor = await db.session(db.trafficUrl);
    const facts = await readAuditContext(poor, 'tiptoe');
    const context = { ...facts, settings: DEFAULT_AUDIT_SETTINGS, budgets: { made: [], named: { t: 1 } }, ...EAGER };
    const findings = await runChecks(poor, checks, context, { teller: notChecked, severities: {}, sampleMs: null });
    const unseen = findings.filter(({ rule }) => rule === 'not-checked');
    expect(unseen.map(({ message }) => message).join('\n')).not.toContain('refused');
    expect(only(unseen, 'key-running-out').message).toContain('hidden.t_id_seq');
    expect(objects(findings)).not.toContain('hidden.t.id');
    await owner.exec('DROP SCHEMA hidden CASCADE');
  });

  test('a severity of the config holds, and a check that is off says nothing', async () => {
    const session = await inSchema('severe', 'CREATE TABLE bare (id int)');
    const facts = await readAuditContext(session, 'tiptoe');
    const context = { ...facts, settings: DEFAULT_AUDIT_SETTINGS, budgets: { made: [], named: {} } };
    const asked = checks.filter(({ name }) => name === 'no-primary-key');
    const run = (severities: Record<string, 'off' | 'error'>) =>
      runChecks(session, asked, context, { teller: notChecked, severities, sampleMs: null });
    expect(only(await run({ 'no-primary-key': 'error' }), 'severe.bare').severity).toBe('error');
    expect(await run({ 'no-primary-key': 'off' })).toEqual([]);
  });

  test('a check whose query is cancelled is given up, and says so', async () => {
    const session = await db.session();
    const check = { ...notChecked, name: 'slow', sql: () => 'SELECT pg_sleep(60)' };
    const facts = await readAuditContext(session, 'tiptoe');
    const context = { ...facts, settings: DEFAULT_AUDIT_SETTINGS, budgets: { made: [], named: {} } };
    const running = runChecks(session, [check], context, { teller: notChecked, severities: {}, sampleMs: null });
    const admin = await db.session(db.adminUrl);
    await expect
      .poll(async () =>
        admin.query('SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND query LIKE $2', [session.pid, '%pg_sleep%']),
      )
      .toHaveLength(1);
    await admin.query('SELECT pg_cancel_backend($1)', [session.pid]);
    expect(await running).toMatchObject([
      { rule: 'not-checked', object: 'slow', message: expect.stringContaining('took too long') },
    ]);
  });
});
