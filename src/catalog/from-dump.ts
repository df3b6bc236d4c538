import type { Script, SyntaxFault } from '../sql/statement.ts';
import { type Catalog, emptyCatalog, resetSession } from './catalog.ts';
import { fold } from './fold.ts';

/** The schema that a plain dump of pg_dump makes, as the state before the first file, and what of the dump could not be read. */
export function catalogFromDump({ source, statements, faults }: Script): {
  readonly catalog: Catalog;
  readonly faults: readonly SyntaxFault[];
} {
  const catalog = emptyCatalog();
  for (const { action } of statements) fold(catalog, action);
  resetSession(catalog);
  catalog.whole = true;
  // pg_dump writes \restrict and \connect for psql; they make nothing.
  return { catalog, faults: faults.filter(({ range }) => source.text[range.start] !== '\\') };
}
