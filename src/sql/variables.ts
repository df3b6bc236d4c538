import { type Filled, replaced, type Replacement } from './filled.ts';
import { type Fills, toolValues } from './fills.ts';
import { quoteIdentifier, quoteString } from './quote.ts';

/**
 * Replaces every placeholder for which a value is given, wherever it stands, also inside dollar quotes: `:NAME`, `:'NAME'` and `:"NAME"` as
 * psql does, and the text between the delimiters of template languages; `fills` are those of a migration tool. `::NAME` is a cast and stays; `:::NAME` is a cast to `:NAME`.
 */
export function fillVariables(
  original: string,
  variables: Readonly<Record<string, string>>,
  fills: Fills | null = null,
): Filled {
  const names = Object.keys(variables);
  const given = names.length === 0 ? [] : replacements(original, variables, names);
  return replaced(original, fills === null ? given : together([...given], toolValues(original, fills)));
}

/** In order; where both know a value, the one that was given. */
function together(given: readonly Replacement[], tools: readonly Replacement[]): Replacement[] {
  const taken = new Set(given.map(({ start }) => start));
  let end = 0;
  return [...given, ...tools.filter(({ start }) => !taken.has(start))]
    .sort((a, b) => a.start - b.start)
    .filter((one) => {
      const isFree = one.start >= end;
      if (isFree) end = one.end;
      return isFree;
    });
}

function* replacements(
  original: string,
  variables: Readonly<Record<string, string>>,
  names: readonly string[],
): Generator<Replacement, void, undefined> {
  for (const match of original.matchAll(pattern(names))) {
    const [whole, psql, name, literal, ...others] = match;
    const given = variables[psql ?? name ?? literal ?? others.find((other) => other !== undefined) ?? ''] ?? '';
    const value = name !== undefined ? quoteIdentifier(given) : literal !== undefined ? quoteString(given) : given;
    yield { start: match.index, end: match.index + whole.length, value };
  }
}

/** The longest names first, since one may begin another. */
function pattern(names: readonly string[]): RegExp {
  const sorted = names
    .toSorted((a, b) => b.length - a.length)
    .map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const any = `(${sorted.join('|')})`;
  // Of `{{ .Options.NAME }}` and `{{ index .Options "NAME" }}`, the last word; what a filter makes of it is not known.
  const path = String.raw`(?:\$?\.|[\w.$]*[.:]|index\s+[\w.$]+\s+["'\x60]|[\w.]+\[["'])?`;
  const filter = String.raw`(?:\s*\|[^{}]*)?`;
  return new RegExp(
    [
      String.raw`(?:(?<!:)|(?<=::)):${any}\b`,
      String.raw`(?<![:\w]):"${any}"`,
      String.raw`(?<![:\w]):'${any}'`,
      String.raw`\{\{\{?[-&~]?\s*${path}${any}["'\x60]?\]?${filter}\s*[-~]?\}?\}\}`,
      String.raw`<%[=-]?\s*${path}${any}["'\x60]?\]?\s*-?%>`,
      String.raw`[$#]\{(?:\w+:)?${any}(?::?[-?=+][^{}]*)?\}`,
      String.raw`@@@?${any}@@@?`,
      String.raw`%\(${any}\)[sdf]`,
      // Not of $tag$, and not in $$tag.
      String.raw`(?<![\w$])\$(?=[A-Za-z_])${any}(?![\w$\u0080-\uFFFF])`,
      String.raw`\$\(${any}\)`,
      String.raw`\[\[[ \t]*${any}[ \t]*\]\]`,
    ].join('|'),
    'g',
  );
}
