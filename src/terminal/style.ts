import { Chalk } from 'chalk';
import type { Style } from '../report/style.ts';

/** Colours for a stream: none when it is no terminal, with NO_COLOR (https://no-color.org), or when the user says so. */
export function styleFor(stream: NodeJS.WriteStream, options: { color: boolean }): Style {
  const forced = process.env.FORCE_COLOR !== undefined && process.env.FORCE_COLOR !== '0';
  const wanted =
    options.color && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb' && (stream.isTTY || forced);
  const { bold, dim, red, yellow, green, cyan } = new Chalk({ level: wanted ? 1 : 0 });
  return { bold, dim, red, yellow, green, cyan };
}
