import type { Replacement } from './filled.ts';
import type { Comment, Range, StandIn } from './statement.ts';

/** What a migration tool replaces in a file before PostgreSQL sees it, wherever it stands: in literals and code, too. */
export interface Fills {
  /** A pattern; the name is the group of it that matched. */
  readonly shape: string;
  /** What its config says. */
  readonly values: Readonly<Record<string, string>>;
  /** Where it does so, if that is not everywhere. */
  readonly within?: readonly Range[];
}

interface Place extends Range {
  readonly value: string | null;
}

/** Those that the tool's config has a value for. */
export function toolValues(text: string, fills: Fills): Replacement[] {
  return [...places(text, fills)].flatMap(({ value, ...range }) => (value === null ? [] : [{ ...range, value }]));
}

/** Those that stand in statements without a value, and that nobody told yet: in quotes, where PostgreSQL reads them as they are. */
export function leftToTool(
  text: string,
  fills: Fills,
  read: {
    readonly given: Readonly<Record<string, string>>;
    readonly statements: ReadonlyArray<{ readonly range: Range }>;
    readonly comments: readonly Comment[];
    readonly standIns: readonly StandIn[];
  },
): StandIn[] {
  const isRead = finder(read.statements);
  const isTold = finder([...read.standIns, ...read.comments]);
  return [...places(text, fills)]
    .filter(
      ({ start, value, name }) => value === null && !Object.hasOwn(read.given, name) && isRead(start) && !isTold(start),
    )
    .map(({ start, end }) => ({ placeholder: text.slice(start, end), range: { start, end }, as: 'text' }));
}

function* places(text: string, { shape, values, within }: Fills): Generator<Place & { readonly name: string }> {
  for (const match of text.matchAll(new RegExp(shape, 'g'))) {
    const { index: start } = match;
    const [whole, ...groups] = match;
    const name = groups.find((group) => group !== undefined) ?? '';
    if (within !== undefined && !within.some((range) => start >= range.start && start < range.end)) continue;
    const value = valueOf(values, name) ?? valueOf(values, name.toLowerCase());
    yield { start, end: start + whole.length, name, value };
  }
}

function valueOf(values: Readonly<Record<string, string>>, name: string): string | null {
  return Object.hasOwn(values, name) ? (values[name] ?? null) : null;
}

/** Whether an offset lies in one of many ranges. */
function finder(items: ReadonlyArray<{ readonly range: Range }>): (offset: number) => boolean {
  const ranges = items.map(({ range }) => range).toSorted((a, b) => a.start - b.start);
  return (offset) => {
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ranges[middle]?.start ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return (ranges[low - 1]?.end ?? 0) > offset;
  };
}
