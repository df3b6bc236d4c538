import { Option } from 'commander';
import { LONGEST_CAP_MS, parseDuration } from '../duration.ts';
import type { OutOfOrderPolicy } from '../migrate/preflight.ts';
import { Problem } from '../problem.ts';

/** Options that several commands share, said the same way everywhere. */
export const databaseUrl = (): Option =>
  new Option('--database-url <url>', 'the server to work on (default: DATABASE_URL, then the PG* variables)');

export const dir = (): Option =>
  new Option('--dir <dir>', 'where the migrations are (default: detected, then migrations)');

export const config = (): Option =>
  new Option(
    '--config <file>',
    'the config file (default: the nearest tiptoe.config.{json,jsonc,yaml,ts,js}, or "tiptoe" in package.json)',
  );

export const noCode = (): Option =>
  new Option(
    '--no-code',
    'refuse a config in TypeScript or JavaScript, its own rules and its commands around apply: for code of strangers',
  );

export const env = (): Option => new Option('--env <name>', 'the server that the config calls so, under environments');

export const pgVersion = (): Option =>
  new Option('--pg-version <n>', 'the server’s major version, 13 to 18 (default: the config, then 18)').argParser(
    (text) => {
      const version = Number(text);
      if (Number.isInteger(version) && version >= 13 && version <= 18) return version;
      throw new Problem(`--pg-version takes 13 to 18, not '${text}'.`, {
        advice: 'Give the major version alone, such as 16.',
      });
    },
  );

/** For commands that need no database: what is there before the first file. */
export const schemaDump = (): Option =>
  new Option('--schema <dump.sql>', 'what is there before the first file, as pg_dump --schema-only wrote it');

export const schemaServer = (): Option =>
  new Option(
    '--database-url <url>',
    'what is there before the first file, and how big and busy, as this server has it (it is only read)',
  );

export const facts = (): Option =>
  new Option('--facts <file>', 'what tiptoe snapshot wrote of a server: its schema, sizes and traffic');

export const noFacts = (): Option => new Option('--no-facts', 'leave out the facts that the config names');

export const statementTimeout = (): Option =>
  new Option(
    '--statement-timeout <time>',
    'what one query for facts may take (default: the config, then 5s)',
  ).argParser(queryTime);

export const sample = (): Option =>
  new Option('--sample <time>', 'also watch for so long what is written now (default: the average alone)').argParser(
    duration,
  );

function queryTime(text: string): number {
  const ms = duration(text);
  if (ms >= 1 && ms <= LONGEST_CAP_MS) return ms;
  throw new Problem(`A query cannot be done within ${text}.`, { advice: 'Give a time such as 5s, and at most 24h.' });
}

export const framework = (): Option =>
  new Option(
    '--framework <name>',
    'the migration tool whose files these are, or none (default: the config, then detected)',
  );

export const down = (): Option =>
  new Option('--down', 'look at what takes the migrations back, the newest first').default(false);

export const variable = (): Option =>
  new Option(
    '--var <name=value>',
    'put this text in place of :NAME, ${NAME}, {{ NAME }} and the like in the migrations (repeatable)',
  )
    .argParser((text: string, previous: Readonly<Record<string, string>> | undefined) => {
      const match = /^([A-Za-z_][\w.:-]*)=([\s\S]*)$/.exec(text);
      if (match === null)
        throw new Problem(`--var takes NAME=VALUE, not '${text}'.`, { advice: 'For example: --var SCHEMA=app' });
      return { ...previous, [match[1] ?? '']: match[2] ?? '' };
    })
    .default({}, 'none');

/** A number that counts from 1. */
export function ordinal(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new Problem(`'${text}' is no number of a statement.`, { advice: 'Count from 1: --statement 3.' });
}

/** A name for tiptoe's own schema. */
export function schemaName(text: string): string {
  if (text.trim() !== '') return text;
  throw new Problem("tiptoe's own schema needs a name, and it is empty.", { advice: 'Leave it out for tiptoe.' });
}

/** A command for the shell. */
export function command(text: string): string {
  if (text.trim() !== '') return text;
  throw new Problem('a hook needs a command, and it is empty.', { advice: 'Leave it out to run none.' });
}

/** What becomes of a migration that comes before one that is applied already. */
export function outOfOrder(text: string): OutOfOrderPolicy {
  if (text === 'refuse' || text === 'warn' || text === 'allow') return text;
  throw new Problem(`'${text}' is no policy for migrations out of order.`, {
    advice: 'Give refuse, warn or allow.',
  });
}

/** A duration that work fits into. */
export function capTime(text: string): number {
  const ms = duration(text);
  if (ms > 0 && ms <= LONGEST_CAP_MS) return ms;
  if (ms > 0)
    throw new Problem(`A cap of ${text} is too long.`, { advice: 'Give a time such as 5s, and at most 24h.' });
  throw new Problem(`A cap of ${text} leaves no time for anything.`, {
    advice: 'Give a time such as 5s; there is no way to turn the cap off.',
  });
}

/** A TCP port; 0 for any that is free. */
export function port(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > 65_535) {
    throw new Problem(`'${text}' is not a port.`, { advice: 'Write a number from 0 to 65535, such as 9187.' });
  }
  return number;
}

/** A duration such as `250ms`, `5s`, `10min`, `2h`, in milliseconds. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) {
    throw new Problem(`'${text}' is not a duration.`, { advice: 'Write a number and a unit: 250ms, 5s, 10min or 2h.' });
  }
  return ms;
}
