import type { Script } from './statement.ts';

/** The first thing in a script that a server cannot be sent: a command of psql, data of COPY, a placeholder without a value. */
export function notForServer({ source, commands, standIns, unread }: Script): {
  readonly offset: number;
  readonly what: string;
  readonly advice: string;
} | null {
  const found = [
    ...commands.map(({ start }) => ({
      offset: start,
      ...(source.text[start] === '\\'
        ? {
            what: 'a command of psql',
            advice:
              'That is a command of psql, and the server knows none of them; --var NAME=VALUE gives :NAME its text.',
          }
        : {
            what: 'data for COPY, which only psql sends',
            advice: 'Write the rows as INSERT … VALUES, or load them with psql.',
          }),
    })),
    ...[...standIns, ...unread].map(({ range }) => ({
      offset: range.start,
      what: `the placeholder ${source.text.slice(range.start, range.end).replaceAll(/\s+/g, ' ')}, which has no value`,
      advice: 'Give it one with --var NAME=VALUE, or under variables in the config; or write the SQL out.',
    })),
  ];
  return found.reduce<(typeof found)[number] | null>(
    (first, one) => (first === null || one.offset < first.offset ? one : first),
    null,
  );
}
