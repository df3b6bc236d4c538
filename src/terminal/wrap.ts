import { stripVTControlCharacters } from 'node:util';

/** Breaks lines that are too long at spaces; what goes on is indented like its line. Colours take no room. */
export function wrap(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => (columns(line) <= width ? line : wrapLine(line, width)))
    .join('\n');
}

function wrapLine(line: string, width: number): string {
  const indent = /^ */.exec(line)?.[0] ?? '';
  const lines: string[] = [];
  let current = '';
  for (const word of line.slice(indent.length).split(' ')) {
    const longer = current === '' ? indent + word : `${current} ${word}`;
    if (current !== '' && columns(longer) > width) {
      lines.push(current);
      current = indent + word;
    } else {
      current = longer;
    }
  }
  return [...lines, current].join('\n');
}

function columns(text: string): number {
  return stripVTControlCharacters(text).length;
}
