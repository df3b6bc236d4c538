import { closest } from '../closest.ts';
import { Problem } from '../problem.ts';
import type { Config } from './config.ts';

/** The URL of the environment that `--env` names. */
export function environmentUrl({ environments, file }: Config, env: string, databaseUrl: string | undefined): string {
  if (databaseUrl !== undefined)
    throw new Problem('--env and --database-url both say which server is meant.', { advice: 'Give one of them.' });
  const names = Object.keys(environments);
  const environment = Object.hasOwn(environments, env) ? environments[env] : undefined;
  if (environment === undefined) {
    const guess = closest(env, names);
    throw new Problem(`there is no environment '${env}'${guess === null ? '' : `, did you mean '${guess}'?`}`, {
      advice:
        names.length > 0
          ? `${file?.shown} has: ${names.join(', ')}.`
          : 'Add it to the config: "environments": { "production": { "databaseUrlEnv": "PRODUCTION_DATABASE_URL" } }',
    });
  }
  const url = process.env[environment.databaseUrlEnv];
  if (url !== undefined && url !== '') return url;
  throw new Problem(`the environment '${env}' needs the variable ${environment.databaseUrlEnv}, which is not set.`, {
    advice: `Set it to the database URL, or correct environments.${env} in ${file?.shown}.`,
  });
}
