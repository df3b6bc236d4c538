import { type Framework, placedBy, whole } from './framework.ts';
import { timestamp } from './new-name.ts';

export const supabase: Framework = {
  name: 'supabase',
  title: 'Supabase',
  // Since 2.109 what cannot run in a transaction is taken out of the batch: https://github.com/supabase/cli/pull/6276
  source: 'https://github.com/supabase/cli/blob/develop/apps/cli-go/pkg/migration/file.go',
  recognisedBy: '`supabase/config.toml`',
  order: 'timestamp of the name',
  transactions: 'each file in one transaction, interrupted by statements that cannot run in one',
  does: 'runs each file in one transaction',
  apart: 'Leave BEGIN and COMMIT out: Supabase takes such a statement out of its transaction by itself.',
  downPart: 'none',
  detect: (repository) =>
    repository.read('supabase/config.toml') === null || repository.list('supabase/migrations').length === 0
      ? null
      : { dirs: ['supabase/migrations'], by: 'supabase/config.toml' },
  place: placedBy(/^\d+_[^/]+\.sql$/),
  stretches: () => whole('around'),
  create: ({ name, now, dir }) => new Map([[`${dir}/${timestamp(now)}_${name}.sql`, '']]),
};
