import { blocksWrites, defineRule, RELATION_CHANGES, runsAlone } from '../src/lint/kit.ts';

export default defineRule({
  name: 'missing-lock-timeout',
  category: 'policy',
  severity: 'off',
  aliases: {
    squawk: ['require-lock-timeout', 'require-timeout-settings'],
    eugene: ['E9'],
    MigrationPilot: ['MP004'],
    pgfence: ['missing-lock-timeout'],
  },
  docs: {
    what: 'A statement that waits for a lock that blocks reads or writes, in a file that sets no lock_timeout.',
    why: 'It waits for the longest running query, and all later queries wait behind it. `tiptoe apply` sets a timeout by itself; this rule is for those who run their files by other means.',
    instead: 'SET lock_timeout before it, and try again when it was not enough.',
    source: 'https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-LOCK-TIMEOUT',
  },
  examples: {
    bad: [{ before: 'CREATE TABLE users (id bigint PRIMARY KEY);', sql: 'ALTER TABLE users ADD COLUMN email text;' }],
    good: [
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);',
        sql: "SET lock_timeout = '2s';\nALTER TABLE users ADD COLUMN email text;",
      },
      {
        before: 'CREATE TABLE users (id bigint PRIMARY KEY);',
        sql: 'CREATE INDEX CONCURRENTLY users_id ON users (id);',
      },
    ],
  },
  on: [
    ...RELATION_CHANGES,
    'drop-schema',
    'reindex',
    'cluster',
    'vacuum',
    'truncate',
    'lock-table',
    'refresh-materialized-view',
  ],
  check: ({ action, effects, catalog }) => {
    const set = catalog.settings.get('lock_timeout');
    // A timeout would end the wait of a concurrent statement, which blocks nobody.
    if ((set !== undefined && !/^0\s*[a-z]*$/i.test(set.trim())) || (runsAlone(action) && action.kind !== 'vacuum'))
      return null;
    const waits = effects.relations.filter(
      ({ lock, preexisting, online }) => preexisting && !online && blocksWrites(lock),
    );
    const [first] = waits;
    if (first === undefined) return null;
    return {
      relations: waits.map(({ relation }) => relation),
      message: `no lock_timeout is set before a statement that waits for ${first.lock} on ${first.relation}`,
      why: 'While it waits, all later queries wait behind it.',
      instead: "SET lock_timeout = '2s'; before it, and try again when that was not enough.",
    };
  },
});
