import { type Framework, whole } from './framework.ts';

const STRUCTURE = /^(?:.*_)?structure\.sql$/;

export const rails: Framework = {
  name: 'rails',
  title: 'Rails',
  source: 'https://guides.rubyonrails.org/active_record_migrations.html#schema-dumping-and-you',
  recognisedBy: '`db/structure.sql` beside `config/application.rb`',
  what: 'schema',
  edited: /structure\.sql$/,
  order: 'one file: the schema',
  transactions: 'each statement by itself, as psql loads it',
  does: 'loads structure.sql with psql: it is the schema, and the migrations are in Ruby',
  apart: 'Leave BEGIN and COMMIT out.',
  downPart: 'none',
  detect: (repository) => {
    if (repository.read('config/application.rb') === null) return null;
    const dirs = repository.list('db').filter((name) => STRUCTURE.test(name));
    return dirs.length === 0 ? null : { dirs: dirs.map((name) => `db/${name}`), by: 'config/application.rb' };
  },
  stretches: () => whole('none'),
  create: ({ name }) => `Rails writes migrations in Ruby: make it with bin/rails generate migration ${name}.`,
};
