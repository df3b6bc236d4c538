import type { Command } from 'commander';
import { readConfig, type Config } from './config.ts';

/** Gives a command's options what the config file says where no flag was given. */
export async function configure(
  command: Command,
  said: (config: Config) => Readonly<Record<string, unknown>>,
): Promise<Config> {
  const config = await readConfig(command.opts<{ config?: string }>().config);
  for (const [name, value] of Object.entries(said(config))) {
    const source = command.getOptionValueSource(name) ?? 'default';
    if (value !== undefined && source === 'default') command.setOptionValueWithSource(name, value, 'config');
  }
  return config;
}
