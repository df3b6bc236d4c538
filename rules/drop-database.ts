import { defineRule } from '../src/lint/kit.ts';

export default defineRule({
  name: 'drop-database',
  category: 'data-loss',
  severity: 'error',
  aliases: { squawk: ['ban-drop-database'], MigrationPilot: ['MP034'] },
  docs: {
    what: 'DROP DATABASE.',
    why: 'Every table of it is gone with its rows, and what uses it fails.',
    instead: 'Do it by hand, when a backup has been restored somewhere and read; a migration runs everywhere.',
    source: 'https://www.postgresql.org/docs/current/sql-dropdatabase.html',
  },
  examples: {
    bad: [{ sql: 'DROP DATABASE IF EXISTS shop_of_2019;' }],
    good: [{ before: 'CREATE SCHEMA shop_of_2019;', sql: 'DROP SCHEMA shop_of_2019;' }],
  },
  on: ['runs-alone'],
  check: ({ text }) => {
    const name = /^DROP\s+DATABASE\s+(?:IF\s+EXISTS\s+)?("(?:[^"]|"")+"|[^\s(;]+)/i.exec(text)?.[1];
    if (name === undefined) return null;
    return {
      relations: [],
      message: `DROP DATABASE removes everything in ${name}`,
      why: 'Nothing brings it back, and a migration runs on every server that it is deployed to.',
      instead: 'Drop it by hand, when a backup of it has been restored somewhere and read.',
    };
  },
});
