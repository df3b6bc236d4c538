import type { SourceText } from './source-text.ts';
import type { Range, Script } from './statement.ts';

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
    ...standIns.map(({ range, as }) =>
      as === 'branch' || as === 'branches'
        ? {
            offset: range.start,
            what: `the condition ${written(source, range)} of a template`,
            advice: 'Let its tool fill the template in, and apply what comes out of it; or write the SQL out.',
          }
        : placeholder(source, range),
    ),
    ...unread.map(({ range }) => placeholder(source, range)),
  ];
  return found.reduce<(typeof found)[number] | null>(
    (first, one) => (first === null || one.offset < first.offset ? one : first),
    null,
  );
}

function placeholder(source: SourceText, range: Range) {
  return {
    offset: range.start,
    what: `the placeholder ${written(source, range)}, which has no value`,
    advice: 'Give it one with --var NAME=VALUE, or under variables in the config; or write the SQL out.',
  };
}

function written({ text }: SourceText, { start, end }: Range): string {
  return text.slice(start, end).replaceAll(/\s+/g, ' ');
}
