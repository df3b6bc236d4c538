import { type Catalog, findTable, qualifiedName, type Table } from '../catalog/catalog.ts';
import { qualify, quoteIdent } from '../postgres/quote.ts';
import type { Action } from '../sql/action.ts';
import type { Verdict } from './kit.ts';

/** Constraints that a history adds NOT VALID, and where. */
export class Unvalidated<Where> {
  readonly #added = new Map<Table, Map<string, Where>>();

  /** Adds a statement; the catalog is the one after it. */
  add(catalog: Catalog, action: Action, where: Where): void {
    if (action.kind !== 'alter-table') return;
    const isLate = action.commands.some(
      (command) => command.kind === 'add-constraint' && command.constraint.enforced && !command.constraint.validated,
    );
    const table = isLate ? findTable(catalog, action.name) : null;
    if (table === null) return;
    const known = this.#added.get(table) ?? new Map<string, Where>();
    this.#added.set(table, known);
    for (const { name, validated, enforced } of table.constraints.values())
      if (!validated && enforced && !known.has(name)) known.set(name, where);
  }

  /** Those that stand at the end of the history, and that nothing has validated. */
  left(catalog: Catalog): { readonly where: Where; readonly verdict: Verdict }[] {
    return [...this.#added].flatMap(([table, names]) => {
      const relation = qualifiedName(table);
      if (catalog.relations.get(relation) !== table) return [];
      return [...names].flatMap(([name, where]) => {
        if (table.constraints.get(name)?.validated !== false) return [];
        return [{ where, verdict: verdictOn(relation, table, name) }];
      });
    });
  }
}

function verdictOn(relation: string, table: Table, name: string): Verdict {
  return {
    relations: [relation],
    message: `no later file validates ${name} of ${relation}, so that nothing is known of the rows that were there before it`,
    why: 'A row that breaks it stays, and fails when it is next updated; the planner cannot rely on it, nor can SET NOT NULL.',
    instead: `In a later file: ALTER TABLE ${qualify(table.schema, table.name)} VALIDATE CONSTRAINT ${quoteIdent(name)};`,
  };
}
