import Table from 'cli-table3';

export interface Column {
  readonly head: string;
  readonly align: 'left' | 'right';
}

/** A table for people: ruled in a terminal, else in plain columns. Cells may carry colours; the indent goes before every line. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { ruled, indent = '' }: { readonly ruled: boolean; readonly indent?: string },
): string {
  const drawn = new Table({
    head: columns.map(({ head }) => head),
    colAligns: columns.map(({ align }) => align),
    chars: { ...NOTHING, ...(ruled ? RULED : {}) },
    // Its own colours would come even where nobody wants them.
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  drawn.push(...rows.map((row) => [...row]));
  return drawn
    .toString()
    .split('\n')
    .map((line) => `${indent}${line}`.trimEnd())
    .join('\n');
}

const NOTHING = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

const RULED = { top: '─', 'top-mid': '──', bottom: '─', 'bottom-mid': '──' };
