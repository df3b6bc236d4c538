import { creationSchema, defineRule, resolve } from '../src/lint/kit.ts';

export default defineRule({
  name: 'autovacuum-disabled',
  category: 'policy',
  severity: 'warning',
  aliases: { MigrationPilot: ['MP066'] },
  docs: {
    what: 'Autovacuum switched off for a table.',
    why: 'Dead rows pile up, the statistics that plans are made by grow old, and in the end an emergency vacuum comes at a time of its own choosing.',
    instead: 'Tune it (autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_delay) where it is too slow or too busy.',
    source: 'https://www.postgresql.org/docs/current/routine-vacuuming.html#AUTOVACUUM',
  },
  examples: {
    bad: [{ sql: 'CREATE TABLE orders (id bigint PRIMARY KEY) WITH (autovacuum_enabled = false);' }],
    good: [
      { sql: 'CREATE TABLE orders (id bigint PRIMARY KEY) WITH (autovacuum_vacuum_scale_factor = 0.01);' },
      { before: 'CREATE TABLE orders (id bigint);', sql: 'ALTER TABLE orders SET (autovacuum_enabled = true);' },
    ],
  },
  on: ['create-table', 'alter-table'],
  check: ({ action, text, catalog }) => {
    if (!/\bautovacuum_enabled\s*=\s*'?(?:false|off|no|0)\b/i.test(text)) return null;
    const isNew = action.kind === 'create-table';
    const table = isNew ? `${creationSchema(catalog, action.name)}.${action.name.name}` : resolve(catalog, action.name);
    return {
      relations: [table],
      message: `autovacuum is switched off for ${table}`,
      why: 'Dead rows pile up, and the statistics that plans are made by grow old.',
      instead: 'Tune it instead: autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_delay.',
    };
  },
});
