import type { Command } from 'commander';
import { type Config, type ConfigFlags, readConfig } from './config.ts';

/** Gives a command's options what the config file says where no flag was given. */
export async function configure(
  command: Command,
  said: (config: Config) => Readonly<Record<string, unknown>>,
): Promise<Config> {
  const flags = command.opts<ConfigFlags>();
  const config = await readConfig(flags);
  const databaseUrl = await databaseUrlOf(config, flags);
  for (const [name, value] of Object.entries({ ...said(config), databaseUrl })) {
    const source = command.getOptionValueSource(name) ?? 'default';
    if (value !== undefined && source === 'default') command.setOptionValueWithSource(name, value, 'config');
  }
  const given = command.opts<{ var?: Readonly<Record<string, string>> }>().var;
  if (given !== undefined) command.setOptionValueWithSource('var', { ...config.variables, ...given }, 'config');
  return config;
}

/** The URL that was given, or that of the environment that was named. */
export async function databaseUrlOf(config: Config, { env, databaseUrl }: ConfigFlags): Promise<string | undefined> {
  if (env === undefined) return databaseUrl;
  const { environmentUrl } = await import('./environment.ts');
  return environmentUrl(config, env, databaseUrl);
}
